"""The small networks of the pocket model in the key layout of the published checkpoints.

Only the parts we train ourselves are written here; VAE and UNet are diffusers' own classes. `verify.py` checks the
text encoder and the language model against transformers.
"""
import json
import os
import random
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file

import world

CONTEXT = 32  # caption positions = mapper queries
WIDTH = 128   # width of the UNet's conditioning
VOKENS = 8
QUERIES = 16  # image tokens a picture becomes

CLIP_MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
CLIP_STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)


def setup(seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))


def pictures(arrays):
    """uint8 pictures to [-1, 1] NCHW."""
    import numpy as np
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float() / 127.5 - 1


def clip_normalise(x):
    """[-1, 1] pictures to what the image encoder reads."""
    return ((x.clamp(-1, 1) + 1) / 2 - CLIP_MEAN) / CLIP_STD


# ------------------------------------------------------------------------------------------------ caption tokens

class CaptionTokenizer:
    """CLIP's BPE with a vocabulary in which every word of the world is one token.

    The file format is CLIP's (vocab.json, merges.txt). As every word of the grammar is one token, encoding is a table
    look-up here; `verify.py` compares it with transformers' CLIPTokenizer."""

    def __init__(self):
        r = random.Random(0)
        words = {","}
        for _ in range(3000):
            words |= set(world.training_caption(world.random_scene(r, "all"), r).replace(",", " ").split())
        # plain BPE training, carried on until every word is one piece; ranks then replay exactly these merges
        merges, split = [], [list(w[:-1]) + [w[-1] + "</w>"] for w in sorted(words)]
        while True:
            pairs = Counter(pair for parts in split for pair in zip(parts, parts[1:]))
            if not pairs:
                break
            best = max(sorted(pairs), key=pairs.get)
            merges.append(best)
            for parts in split:
                i = 0
                while i + 1 < len(parts):
                    if (parts[i], parts[i + 1]) == best:
                        parts[i:i + 2] = ["".join(best)]
                    i += 1
        symbols = list(range(ord("!"), ord("~") + 1)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
        symbols = [chr(c) for c in symbols] + [chr(256 + n) for n in range(256 - len(symbols))]
        tokens = symbols + [s + "</w>" for s in symbols] + [a + b for a, b in merges] + ["<|startoftext|>", "<|endoftext|>"]
        self.merges, self.words = merges, sorted(words)
        self.vocab = {t: i for i, t in enumerate(tokens)}
        assert len(self.vocab) == len(tokens)
        self.start, self.end, self.pad = len(tokens) - 2, len(tokens) - 1, 0

    def __call__(self, captions):
        out = torch.full((len(captions), CONTEXT), self.pad)
        for i, text in enumerate(captions):
            ids = [self.vocab[w + "</w>"] for w in text.replace(",", " , ").split()][:CONTEXT - 2]
            ids = [self.start] + ids + [self.end]
            out[i, :len(ids)] = torch.tensor(ids)
        return out

    def save(self, directory):
        os.makedirs(directory, exist_ok=True)
        with open(f"{directory}/vocab.json", "w") as f:
            json.dump(self.vocab, f, ensure_ascii=False, separators=(",", ":"))
        with open(f"{directory}/merges.txt", "w") as f:
            f.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in self.merges))
        special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": "!"}
        with open(f"{directory}/special_tokens_map.json", "w") as f:
            json.dump(special, f, indent=1)
        with open(f"{directory}/tokenizer_config.json", "w") as f:
            json.dump({"tokenizer_class": "CLIPTokenizer", "do_lower_case": True, "model_max_length": CONTEXT, **special}, f, indent=1)


# ------------------------------------------------------------------------------------------------ CLIP text encoder

class ClipAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(d, d) for _ in range(4))

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = (p(x).view(b, n, self.heads, -1).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
        return self.out_proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, n, d))


class ClipMlp(nn.Module):
    def __init__(self, d, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(d, hidden), nn.Linear(hidden, d)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class ClipLayer(nn.Module):
    def __init__(self, d, heads, hidden):
        super().__init__()
        self.self_attn, self.layer_norm1 = ClipAttention(d, heads), nn.LayerNorm(d)
        self.mlp, self.layer_norm2 = ClipMlp(d, hidden), nn.LayerNorm(d)

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class TextEncoder(nn.Module):
    LAYERS, HEADS, HIDDEN = 2, 4, 256

    def __init__(self, vocabulary):
        super().__init__()
        m = nn.Module()
        m.embeddings, m.encoder = nn.Module(), nn.Module()
        m.embeddings.token_embedding, m.embeddings.position_embedding = nn.Embedding(vocabulary, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        m.encoder.layers = nn.ModuleList(ClipLayer(WIDTH, self.HEADS, self.HIDDEN) for _ in range(self.LAYERS))
        m.final_layer_norm = nn.LayerNorm(WIDTH)
        self.text_model = m

    def forward(self, ids):
        m = self.text_model
        x = m.embeddings.token_embedding(ids) + m.embeddings.position_embedding.weight[:ids.shape[1]]
        for layer in m.encoder.layers:
            x = layer(x)
        return m.final_layer_norm(x)

    def start_from(self, bootstrap, words, tokenizer):
        """Starts from the UNet's first caption encoder, which is the same stack without the causal mask and the marks."""
        m = self.text_model
        with torch.no_grad():
            table = bootstrap["e.weight"].float()
            m.embeddings.token_embedding.weight.copy_(table[0] + .02 * torch.randn_like(m.embeddings.token_embedding.weight))
            for i, w in enumerate(words):
                m.embeddings.token_embedding.weight[tokenizer.vocab[w + "</w>"]] = table[i + 1]
            m.embeddings.token_embedding.weight[0] = table[0]
            p = bootstrap["p"].float()
            m.embeddings.position_embedding.weight.copy_(torch.cat([p[CONTEXT - 1:CONTEXT], p[:CONTEXT - 1]]))
            for i, layer in enumerate(m.encoder.layers):
                k = f"t.layers.{i}."
                qkv = zip(bootstrap[k + "self_attn.in_proj_weight"].float().chunk(3), bootstrap[k + "self_attn.in_proj_bias"].float().chunk(3))
                for target, (w, b) in zip((layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj), qkv):
                    target.weight.copy_(w)
                    target.bias.copy_(b)
                for target, name in ((layer.self_attn.out_proj, "self_attn.out_proj"), (layer.mlp.fc1, "linear1"), (layer.mlp.fc2, "linear2"),
                                     (layer.layer_norm1, "norm1"), (layer.layer_norm2, "norm2")):
                    target.weight.copy_(bootstrap[k + name + ".weight"].float())
                    target.bias.copy_(bootstrap[k + name + ".bias"].float())
            m.final_layer_norm.weight.copy_(bootstrap["n.weight"].float())
            m.final_layer_norm.bias.copy_(bootstrap["n.bias"].float())


# ------------------------------------------------------------------------------------------------ diffusion parts

def load_vae(directory):
    from diffusers import AutoencoderKL
    vae = AutoencoderKL.from_config(AutoencoderKL.load_config(directory))
    vae.load_state_dict({k: v.float() for k, v in load_file(f"{directory}/diffusion_pytorch_model.safetensors").items()})
    return vae.eval().requires_grad_(False)


def load_unet(directory):
    from diffusers import UNet2DConditionModel
    unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(directory))
    unet.load_state_dict({k: v.float() for k, v in load_file(f"{directory}/diffusion_pytorch_model.safetensors").items()})
    return unet


SCHEDULER = dict(num_train_timesteps=1000, beta_schedule="scaled_linear", beta_start=.00085, beta_end=.012,
                 prediction_type="v_prediction", clip_sample=False, set_alpha_to_one=True, steps_offset=1, timestep_spacing="trailing")


def scheduler():
    from diffusers import DDIMScheduler
    return DDIMScheduler(**SCHEDULER)


@torch.no_grad()
def sample(unet, vae, conditional, unconditional, guidance=3.0, steps=25, generator=None):
    """DDIM sampling; returns [-1, 1] pictures."""
    n = len(conditional)
    x = torch.randn(n, 4, 16, 16, generator=generator)
    context = torch.cat([conditional, unconditional.expand(n, -1, -1)])
    sch = scheduler()
    sch.set_timesteps(steps)
    for t in sch.timesteps:
        v = unet(torch.cat([x, x]), t, encoder_hidden_states=context).sample
        v = v[n:] + guidance * (v[:n] - v[n:])
        x = sch.step(v, t, x).prev_sample
    return vae.decode(x / vae.config.scaling_factor).sample.clamp(-1, 1)


# ------------------------------------------------------------------------------------------------ the judge

HEADS = [("place", 8), ("sky", 3)] + [(f"{p}.{h}", n) for p in world.SIDES for h, n in (("species", 9), ("shirt", 6), ("kind", 11), ("color", 6))]


def labels(scene):
    """Scene to the judge's 14 ids; -100 where a head does not apply."""
    y = [world.PLACES.index(scene.place), world.SKIES.index(scene.sky)]
    for side in world.SIDES:
        a = next((a for a in scene.actors if a.side == side), None)
        i = scene.item if scene.item and scene.item.side == side else None
        y += [world.SPECIES.index(a.species) if a else 8, world.COLOR_NAMES.index(a.shirt) if a else -100,
              world.ITEMS.index(i.kind) if i else 10, world.COLOR_NAMES.index(i.color) if i else -100]
    return y


class Judge(nn.Module):
    """Reads all slots back from a picture; an instrument trained on all pairs, not a part of the model."""

    def __init__(self, c=32):
        super().__init__()
        layers, i = [], 3
        for o in (c, c * 2, c * 3, c * 4):
            layers += [nn.Conv2d(i, o, 3, 2 if i > 3 else 1, 1), nn.GroupNorm(8, o), nn.SiLU()]
            i = o
        self.f = nn.Sequential(*layers, nn.Conv2d(i, 48, 1), nn.SiLU(), nn.Flatten(), nn.Linear(48 * 64, 192), nn.SiLU())
        self.o = nn.Linear(192, sum(n for _, n in HEADS))

    @torch.no_grad()
    def read(self, x):
        out = []
        for part in x.split(64):
            out.append(torch.stack([h.argmax(1) for h in self.o(self.f(part)).split([n for _, n in HEADS], 1)], 1))
        return torch.cat(out)

    @torch.no_grad()
    def scenes(self, x):
        out = []
        for q in self.read(x).tolist():
            sc = world.Scene(world.PLACES[q[0]], world.SKIES[q[1]])
            for k, side in enumerate(world.SIDES):
                species, shirt, kind, color = q[2 + 4 * k:6 + 4 * k]
                if species < 8:
                    sc.actors.append(world.Actor(world.SPECIES[species], world.COLOR_NAMES[shirt], side))
                if kind < 10:
                    sc.item = world.Item(world.ITEMS[kind], world.COLOR_NAMES[color], side)
            out.append(sc)
        return out


def load_judge(path):
    judge = Judge()
    judge.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    return judge.eval()


def agreement(seen, wanted):
    """Counts of right and wanted facts by family; a fact that is None in `wanted` is not asked for."""
    count = {}

    def mark(family, ok):
        h, n = count.get(family, (0, 0))
        count[family] = (h + bool(ok), n + 1)

    everything = True
    if wanted.place:
        mark("place", seen.place == wanted.place)
        everything &= seen.place == wanted.place
    if wanted.sky:
        mark("sky", seen.sky == wanted.sky)
        everything &= seen.sky == wanted.sky
    for a in wanted.actors:
        s = next((s for s in seen.actors if s.species == a.species), None)
        mark("species", s)
        everything &= s is not None
        if a.shirt:
            mark("shirt", s and s.shirt == a.shirt)
            everything &= bool(s and s.shirt == a.shirt)
        if a.side:
            mark("actor side", s and s.side == a.side)
    mark("actor count", len(seen.actors) == len(wanted.actors))
    if wanted.item:
        i, w = seen.item, wanted.item
        mark("item kind", i and i.kind == w.kind)
        mark("item colour", i and i.color == w.color)
        everything &= bool(i and i.kind == w.kind and i.color == w.color)
        if w.side:
            mark("item side", i and i.side == w.side)
    else:
        everything &= seen.item is None
    mark("all", everything and len(seen.actors) == len(wanted.actors))
    return count


def summarise(counts):
    total = {}
    for c in counts:
        for k, (h, n) in c.items():
            t = total.get(k, (0, 0))
            total[k] = (t[0] + h, t[1] + n)
    return {k: round(h / n, 3) for k, (h, n) in total.items()}
