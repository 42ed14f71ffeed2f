"""Language model, feature mapper, and the prompt formats packed for training.

A story gives up to five tasks that share their history. Instead of repeating the history, a row holds it once (the
trunk) and the tasks as branches: a branch sees the trunk up to where it leaves it and itself, and its positions go on
from there. Every token so sees exactly what it would see in its own unpacked sequence.
"""
import random
import re
from dataclasses import dataclass, field

import torch
import torch.nn as nn
import torch.nn.functional as F

import parts
import world
from parts import CONTEXT, QUERIES, VOKENS, WIDTH

DIM, LAYERS, HEAD_DIM, FEED, ROPE_BASE, RMS_EPS = 192, 5, 32, 512, 10000.0, 1e-6
SYSTEM = ("Give the following images in <Img>ImageContent</Img> format. You will be able to see the images once I provide it to you. "
          "Please understanding images and generate story.")
GENERATE = [" Generate an image with the scene description: {} ###Assistant:", " the scene description: {} ###Assistant:"]
CONTINUE = [" Tell me the next scene with image. ###Assistant:", " Generate the next scene with image. ###Assistant:", " What should happen then? ###Assistant:"]
DESCRIBE = [" Tell me the next scene description by this image: <Img>", " What happen in the next scene image: <Img>"]
COMMAND = "You will be able to generate image according to command."
COMMANDS = ["generate image with caption:", "can you give me the image with caption:", "help me to generate this image:", "generate image with according to caption:",
            "according to caption, generate image:", "an image with caption:", "can you visualize this caption:"]
IGNORE = -100


# ------------------------------------------------------------------------------------------------ LLaMA

class RmsNorm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return F.rms_norm(x, x.shape[-1:], self.weight, RMS_EPS)


class LlamaAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(DIM, DIM, bias=False) for _ in range(4))

    def forward(self, x, cos, sin, mask):
        b, n, _ = x.shape
        q, k, v = (p(x).view(b, n, -1, HEAD_DIM).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))

        def rotate(t):  # first half with second half
            a, c = t.chunk(2, -1)
            return torch.cat([a * cos - c * sin, c * cos + a * sin], -1)

        return self.o_proj(F.scaled_dot_product_attention(rotate(q), rotate(k), v, attn_mask=mask).transpose(1, 2).reshape(b, n, DIM))


class LlamaMlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate_proj, self.up_proj, self.down_proj = nn.Linear(DIM, FEED, bias=False), nn.Linear(DIM, FEED, bias=False), nn.Linear(FEED, DIM, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class LlamaLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn, self.mlp = LlamaAttention(), LlamaMlp()
        self.input_layernorm, self.post_attention_layernorm = RmsNorm(DIM), RmsNorm(DIM)

    def forward(self, x, cos, sin, mask):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class LanguageModel(nn.Module):
    def __init__(self, rows):
        super().__init__()
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(rows, DIM)
        self.model.layers = nn.ModuleList(LlamaLayer() for _ in range(LAYERS))
        self.model.norm = RmsNorm(DIM)
        self.lm_head = nn.Linear(DIM, rows, bias=False)
        for w in self.parameters():
            if w.dim() == 2:
                nn.init.normal_(w, 0, .05 if w.shape[0] == rows else w.shape[1] ** -.5 * .7)

    def forward(self, embeddings, positions, mask):
        """Last states after the final norm. `mask` is true where a query may look."""
        angles = positions[:, None, :, None] * ROPE_BASE ** (-torch.arange(HEAD_DIM // 2) / (HEAD_DIM // 2))
        cos, sin = angles.cos(), angles.sin()
        x = embeddings
        for layer in self.model.layers:
            x = layer(x, cos, sin, mask[:, None])
        return self.model.norm(x)


class Mapper(nn.Module):
    """Eight voken states to the UNet's conditioning."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(DIM, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH))
        self.llm_to_t2i_mapping = nn.Transformer(WIDTH, 4, 2, 2, 512, 0.0, "relu", batch_first=True, norm_first=True)
        self.t2i_decoder_prompt = nn.Parameter(torch.randn(1, CONTEXT, WIDTH))

    def forward(self, h):
        t = self.llm_to_t2i_mapping
        memory = self.fc(h)
        for layer in t.encoder.layers:  # layer by layer: torch's wrapper warns about pre-norm
            memory = layer(memory)
        return t.decoder(self.t2i_decoder_prompt.expand(len(h), -1, -1), t.encoder.norm(memory))


# ------------------------------------------------------------------------------------------------ tokens

class Tokens:
    """SentencePiece ids and the nine added tokens, with the legacy rules: texts between added tokens are stripped on
    the sides that touch one and encoded separately, each with its own dummy prefix."""

    def __init__(self, path):
        import sentencepiece
        self.sp = sentencepiece.SentencePieceProcessor(model_file=path)
        n = self.sp.vocab_size()
        self.rows = n + 9
        self.img0, self.image_here, self.bos = n, n + 8, 1
        self.vok = list(range(n, n + VOKENS))
        self.end = self.text("###")

    def text(self, s):
        return self.sp.encode(s)

    def text_of(self, ids):
        return self.sp.decode([i for i in ids if i < self.img0])

    def prompt(self, s):
        """Any prompt string to ids; `<ImageHere>` stays one id, to be replaced by QUERIES image tokens."""
        ids, pieces = [], re.split(r"(\[IMG[0-7]\]|<ImageHere>)", s)
        for i, piece in enumerate(pieces):
            if i % 2:
                ids.append(self.image_here if piece == "<ImageHere>" else self.img0 + int(piece[4]))
                continue
            if i > 0:
                piece = piece.lstrip()
            if i + 1 < len(pieces):
                piece = piece.rstrip()
            if piece:
                ids += self.text(piece)
        return ids


@dataclass
class Row:
    """One packed row; `ids` holds image_here at the places of image tokens, `pictures` which picture starts where."""
    ids: list = field(default_factory=list)
    positions: list = field(default_factory=list)
    branch: list = field(default_factory=list)
    attach: list = field(default_factory=list)   # how many trunk positions the token sees
    labels: list = field(default_factory=list)   # label of the *next* token, at the position that predicts it
    seen: list = field(default_factory=list)     # ids already answered there (for the repetition penalty), or None
    pictures: list = field(default_factory=list)  # (offset, picture number)
    vokens: list = field(default_factory=list)    # (offset of the state that predicts [IMG0], target number)
    branches: int = 0

    def add(self, items, labels, attach=0, branch=0, start=0, answer_from=None):
        """Appends items: ids or ("image", number). labels[i]: should item i be predicted by the item before?"""
        flat, want = [], []
        for item, w in zip(items, labels):
            if isinstance(item, tuple):
                self.pictures.append((len(self.ids) + len(flat), item[1]))
                flat += [None] * QUERIES
                want += [False] * QUERIES
            else:
                flat.append(item)
                want.append(w)
        base, answered = len(self.ids), []
        for i, item in enumerate(flat):
            self.ids.append(item)
            self.positions.append(start + i)
            self.branch.append(branch)
            self.attach.append(attach)
            nxt = flat[i + 1] if i + 1 < len(flat) and want[i + 1] else IGNORE
            self.labels.append(nxt)
            if nxt != IGNORE and answer_from is not None:
                self.seen.append(tuple(answered))
                answered.append(nxt)
            else:
                self.seen.append(None)
        return base


def answer(tokens, text, picture=True):
    """Target ids and which of them count in the text loss: all but [IMG1]..[IMG6]."""
    if not picture:
        ids = tokens.text(text + " ###")
        return ids, [True] * len(ids)
    ids = tokens.text(text) if text else []
    return ids + tokens.vok + tokens.end, [True] * (len(ids) + 1) + [False] * 6 + [True] * (1 + len(tokens.end))


def add_branch(row, tokens, prompt, text, attach, target=None):
    ids, count = answer(tokens, text, target is not None)
    row.branches += 1
    base = row.add(prompt + ids, [False] * len(prompt) + count, attach, row.branches, attach, answer_from=len(prompt))
    if target is not None:
        flat = sum(QUERIES if isinstance(p, tuple) else 1 for p in prompt)
        row.vokens.append((base + flat + len(ids) - VOKENS - len(tokens.end) - 1, target))


def story_row(tokens, steps, r, pictures, targets, describe=.25, trunk_text=True):
    """`pictures[k]`: number of the picture of step k or None; `targets[k]`: number of the target of step k."""
    row = Row()
    head = [tokens.bos] + tokens.text(SYSTEM + "###Human:")
    first = [tokens.bos] + tokens.text(f"{SYSTEM}###Human:{steps[0].text}<Img>")
    assert first[:len(head)] == head
    trunk, count, leave = list(first), [False] * len(head) + [trunk_text] * (len(first) - len(head)), [len(head)]
    for k in range(len(steps) - 1):
        if pictures[k] is not None:
            trunk.append(("image", pictures[k]))
            count.append(False)
        leave.append(sum(QUERIES if isinstance(t, tuple) else 1 for t in trunk))
        if k + 1 < len(steps) - 1:
            ids = tokens.text(f"</Img>{steps[k + 1].text}<Img>")
            trunk += ids
            count += [trunk_text] * len(ids)
    row.add(trunk, count)
    for k, s in enumerate(steps):
        close = "</Img>\n" if k else ""

        def cut(text):  # the first step's chunk begins in the trunk: leave out what is shared
            return tokens.text(text) if k else tokens.text(SYSTEM + "###Human:" + text)[len(head) - 1:]

        if k == 0 or r.random() < .45:
            add_branch(row, tokens, cut(close + r.choice(GENERATE + GENERATE[:1] * 2).format(s.text)), "", leave[k], targets[k])
        else:
            add_branch(row, tokens, cut(close + r.choice(CONTINUE)), s.text, leave[k], targets[k])
        if k and pictures[k] is not None and r.random() < describe:
            prompt = cut(close + r.choice(DESCRIBE)) + [("image", pictures[k])] + tokens.text("</Img> ###Assistant:")
            add_branch(row, tokens, prompt, s.text, leave[k])
    return row


def clean_caption(text):
    text = re.sub(r'[.!"()*#:;~]', " ", text.lower())
    return re.sub(r"\s{2,}", " ", text).strip()


def caption_row(tokens, captions, r, targets):
    row = Row()
    for text, target in zip(captions, targets):
        text = clean_caption(text)
        source = f"{COMMAND}###Human: {r.choice(COMMANDS)} {text} ###Assistant:" if r.random() < .05 else text
        add_branch(row, tokens, [tokens.bos] + tokens.text(source), "", 0, target)
    return row


@dataclass
class Batch:
    ids: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor
    picture_places: tuple
    picture_numbers: list
    voken_places: tuple
    voken_targets: list
    penalty: tuple  # rows, columns of answer logits that a repetition penalty touches


def collate(rows):
    n = max(len(row.ids) for row in rows)

    def pad(name, value):
        return torch.tensor([getattr(row, name) + [value] * (n - len(row.ids)) for row in rows])

    ids = torch.tensor([[0 if i is None else i for i in row.ids] + [0] * (n - len(row.ids)) for row in rows])
    positions, branch, attach, labels = pad("positions", 0), pad("branch", -1), pad("attach", 0), pad("labels", IGNORE)
    # the trunk is branch 0; a branch sees the trunk's first `attach` positions and its own past
    own = (branch[:, :, None] == branch[:, None, :]) & (positions[:, None, :] <= positions[:, :, None])
    trunk = (branch[:, None, :] == 0) & (positions[:, None, :] < attach[:, :, None])
    places = [(b, o + i) for b, row in enumerate(rows) for o, _ in row.pictures for i in range(QUERIES)]
    vokens = [(b, o + i) for b, row in enumerate(rows) for o, _ in row.vokens for i in range(VOKENS)]
    penal = [(b * n + i, t) for b, row in enumerate(rows) for i, s in enumerate(row.seen) if s is not None for t in {0, *s}]

    def two(x):
        return tuple(torch.tensor(x).T) if x else (torch.zeros(0, dtype=torch.long),) * 2

    return Batch(ids, positions, own | trunk, labels, two(places), [k for row in rows for _, k in row.pictures],
                 two(vokens), [t for row in rows for _, t in row.vokens], two(penal))


# ------------------------------------------------------------------------------------------------ facts read from the vokens

KNOWN = {"place": (1, 9), "sky": (1, 4), "a1": (2, 9), "a1 shirt": (3, 8), "a1 side": (3, 5), "a2": (4, 9), "a2 shirt": (5, 8),
         "a2 side": (5, 5), "kind": (6, 11), "colour": (6, 7), "item side": (7, 5)}  # name: (voken, values)


def facts(scene):
    """The known facts as class ids in the order of KNOWN; there are classes for "none" and "not known"."""
    def index(values, v, none=False):
        return len(values) + 1 if none else len(values) if v is None else values.index(v)

    sides = list(world.SIDES)
    out = [index(world.PLACES, scene.place), index(world.SKIES, scene.sky)]
    actors = sorted(scene.actors, key=lambda a: a.species)
    for i in range(2):
        a = actors[i] if i < len(actors) else None
        out += [index(world.SPECIES, a and a.species), index(world.COLOR_NAMES, a and a.shirt, a is None), index(sides, a and a.side, a is None)]
    i = scene.item
    return out + [index(world.ITEMS, i and i.kind), index(world.COLOR_NAMES, i and i.color), index(sides, i and i.side, i is None)]


class FactHeads(nn.Module):
    """Shape the vokens in training (place first, then who, then what); thrown away afterwards."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(DIM, n) for _, n in KNOWN.values())

    def forward(self, h):
        return [head(h[:, v]) for head, (v, _) in zip(self.heads, KNOWN.values())]
