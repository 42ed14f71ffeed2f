"""Runs the exported folder end to end and marks it with the judge.

    python evaluate.py etc/models/pocket sheet.png [--captions 48] [--stories 12] [--only captions|stories|open]

- captions: caption -> voken states -> mapper -> UNet -> picture, against the facts of the caption; and the same
  captions through the text encoder instead.
- stories: every picture of test stories from the true history, against what the history tells.
- open: six opening sentences continued by the model itself; its own pictures are its history.
"""
import argparse
import json
import random
import re

import torch
from safetensors.torch import load_file

import parts
import world
from language import COMMAND, SYSTEM, LanguageModel, Mapper, Tokens, clean_caption
from vision import ImageEncoder

PROMPTS = ["Mia the rabbit found a blue ball in the park.", "Tom the cat saw a red kite on the beach at sunset.", "One day Ben the bear got a yellow boat in the snow at night.",
           "Zoe the frog was in the city with a purple hat.", "Leo the fox played with a white car in the desert.", "Eva the panda took a green book in the forest at night."]


class Model:
    def __init__(self, folder):
        def fill(module, path):
            module.load_state_dict({k: v.float() for k, v in load_file(f"{folder}/{path}").items()})
            return module.eval().requires_grad_(False)

        self.tokens = Tokens(f"{folder}/language_model/tokenizer.model")
        self.captions = parts.CaptionTokenizer()
        self.vae, self.unet = parts.load_vae(f"{folder}/vae"), parts.load_unet(f"{folder}/unet").eval().requires_grad_(False)
        self.text = fill(parts.TextEncoder(len(self.captions.vocab)), "text_encoder/model.safetensors")
        self.lm = fill(LanguageModel(self.tokens.rows), "language_model/model.safetensors")
        self.mapper = fill(Mapper(), "mapper/model.safetensors")
        self.encoder = fill(ImageEncoder(json.load(open(f"{folder}/image_encoder/config.json"))["projection_dim"]), "image_encoder/model.safetensors")
        self.judge = parts.load_judge(f"{folder}/judge/model.safetensors")
        self.unconditional = self.mapper(torch.zeros(1, parts.VOKENS, parts_dim()))

    def embed(self, prompt, images):
        """Prompt string to [1, L, D]; images: [-1, 1] pictures for its <ImageHere>s."""
        out, k = [self.lm.model.embed_tokens.weight[[1]]], 0
        for i in self.tokens.prompt(prompt):
            if i == self.tokens.image_here:
                out.append(self.encoder(parts.clip_normalise(images[k][None]))[0])
                k += 1
            else:
                out.append(self.lm.model.embed_tokens.weight[[i]])
        return torch.cat(out)[None]

    def states(self, x):
        n = x.shape[1]
        return self.lm(x, torch.arange(n)[None].float(), torch.ones(1, n, n, dtype=torch.bool).tril())

    def vokens(self, x):
        """The eight features when [IMG0] follows x."""
        full = torch.cat([x, self.lm.model.embed_tokens.weight[self.tokens.vok][None]], 1)
        return self.states(full)[:, x.shape[1] - 1:x.shape[1] - 1 + parts.VOKENS]

    def answer(self, x, generator, top_p=.9, top_k=50, penalty=2.0, limit=40):
        """Samples text up to [IMG0] or ###; returns the text, whether a picture follows, and x with the text."""
        ids, seen = [], {0}
        for _ in range(limit):
            logits = self.lm.lm_head(self.states(x)[0, -1])
            at = torch.tensor(sorted(seen))
            logits[at] = torch.where(logits[at] > 0, logits[at] / penalty, logits[at] * penalty)
            value, index = logits.topk(top_k)
            prob = value.softmax(0)
            prob[prob.cumsum(0) - prob >= top_p] = 0
            i = index[torch.multinomial(prob, 1, generator=generator)].item()
            if i == self.tokens.img0 or i in self.tokens.end:
                return self.tokens.text_of(ids), i == self.tokens.img0, x
            ids.append(i)
            seen.add(i)
            x = torch.cat([x, self.lm.model.embed_tokens.weight[[i]][None]], 1)
        return self.tokens.text_of(ids), False, x

    def draw(self, features, seed, guidance=3.0):
        return parts.sample(self.unet, self.vae, self.mapper(features), self.unconditional, guidance, generator=torch.Generator().manual_seed(seed))


def parts_dim():
    from language import DIM
    return DIM


def history(texts):
    return "<Img><ImageHere></Img>".join(texts) + "<Img><ImageHere></Img>\n" if texts else ""


def template(sentence):
    """A sentence with its names, animals, things and places taken out: is it one of the grammar's?"""
    names = "|".join(n for n, _ in world.NAMES) + "|" + "|".join(world.RARE_NAMES)
    s = re.sub(rf"\b({names})\b", "N", sentence)
    for mark, words in (("S", world.SPECIES), ("K", world.ITEMS), ("C", world.COLOR_NAMES)):
        s = re.sub(rf"\b({'|'.join(words)})\b", mark, s)
    s = re.sub("|".join(sorted((v for v in world.AT_PLACE.values()), key=len, reverse=True)), "P", s)
    s = re.sub("|".join(sorted((v for k, v in world.TO_PLACE.items() if k != "room"), key=len, reverse=True)), "Q", s)
    return re.sub(r"N the S", "N", re.sub(r"\b(she|he)\b", "he", s.replace("She", "He")))


def said(sentence):
    """Facts a sentence itself tells about its picture, for marking the model's own stories."""
    place = next((p for p in world.PLACES if world.AT_PLACE[p] in sentence or world.TO_PLACE[p] in sentence), None)
    sky = "sunset" if "sunset" in sentence else "night" if "night" in sentence or "dark" in sentence else "day" if "daytime" in sentence else None
    return place, sky


def mark_captions(m, count, batch=16):
    r = random.Random("captions/test")
    scenes = [world.random_scene(r) for _ in range(count)]
    texts = [world.caption(s, r) for s in scenes]
    facts = [world.caption_facts(t) for t in texts]
    features = torch.cat([m.vokens(m.embed(clean_caption(t), [])) for t in texts])
    for name, context, empty in (("text encoder, free caption", m.text(m.captions(texts)), m.text(m.captions([""]))),
                                 ("text encoder, canonical caption", m.text(m.captions([world.canonical_caption(f) for f in facts])), m.text(m.captions([""]))),
                                 ("vokens and mapper", m.mapper(features), m.unconditional)):
        x = torch.cat([parts.sample(m.unet, m.vae, c, empty, generator=torch.Generator().manual_seed(i)) for i, c in enumerate(context.split(batch))])
        print("captions,", name, count, parts.summarise(parts.agreement(s, f) for s, f in zip(m.judge.scenes(x), facts)), flush=True)


def mark_stories(m, count, split="test"):
    r = random.Random(f"stories/{split}/mark")
    wanted, features = [], []
    for _ in range(count):
        steps = world.story(r, split)
        known = world.known_scenes(steps)
        images = list(parts.pictures([world.render(s.scene) for s in steps]))
        for k, s in enumerate(steps):
            prompt = f"{SYSTEM}###Human:{history([q.text for q in steps[:k]])} Generate an image with the scene description: {s.text} ###Assistant:"
            features.append(m.vokens(m.embed(prompt, images[:k])))
            wanted.append((k, known[k]))
    x = torch.cat([m.draw(torch.cat(features[i:i + 16]), i) for i in range(0, len(features), 16)])
    marks = [(k, parts.agreement(s, w)) for s, (k, w) in zip(m.judge.scenes(x), wanted)]
    for name, steps in (("all steps", range(5)), ("first", [0]), ("last", [4])):
        print(f"stories {split},", name, parts.summarise(c for k, c in marks if k in steps), flush=True)


def tell(m, opening, seed, scenes=4, penalty=2.0):
    """A story told from its opening sentence, each picture read back before the next sentence."""
    g = torch.Generator().manual_seed(seed)
    texts, images = [opening], []
    x = m.embed(f"{SYSTEM}###Human: Generate an image with the scene description: {opening} ###Assistant:", [])
    images.append(m.draw(m.vokens(x), 1000 * seed)[0])
    for k in range(1, scenes):
        text, _, y = m.answer(m.embed(f"{SYSTEM}###Human:{history(texts)} Tell me the next scene with image. ###Assistant:", images), g, penalty=penalty)
        images.append(m.draw(m.vokens(y), 1000 * seed + k)[0])
        texts.append(text)
    return texts, images


def mark_open(m, path, penalty, more=0):
    r = random.Random("openings")
    openings = PROMPTS + [world.story(r, "test", opening=True)[0].text for _ in range(more)]
    grammar = {template(s.text) for _ in range(20000) for s in world.story(r)}
    rows, counts, good, total = [], [], 0, 0
    for seed, opening in enumerate(openings):
        texts, images = tell(m, opening, seed, penalty=penalty)
        seen = m.judge.scenes(torch.stack(images))
        place = sky = None
        bound = {}
        for k, (t, s) in enumerate(zip(texts, seen)):
            ok = template(t) in grammar
            if k:
                good, total = good + ok, total + 1
            bound.update(re.findall(rf"(\w+) the ({'|'.join(world.SPECIES)})", t))
            p, q = said(t)
            place, sky = p or place, q or sky or "day"
            item = re.search(rf"a ({'|'.join(world.COLOR_NAMES)}) ({'|'.join(world.ITEMS)})", t)
            named = [bound[n] for n in bound if re.search(rf"\b{n}\b", t)] if k == 0 else []
            want = world.Scene(place, sky, [world.Actor(a) for a in named], item and world.Item(item[2], item[1]))
            c = parts.agreement(s, want)
            if k:
                c = {f: v for f, v in c.items() if f in ("place", "sky")}
            counts.append({f"{'first' if k == 0 else 'later'} {f}": v for f, v in c.items() if f != "actor count"})
            texts[k] = ("" if ok else "(?) ") + t
        print([f"{t} | {world.canonical_caption(s)}" for t, s in zip(texts, seen)])
        if seed < 10:
            rows.append([(((x.permute(1, 2, 0) + 1) * 127.5).round().byte().numpy(), t) for x, t in zip(images, texts)])
    print("open prompts", len(openings), parts.summarise(counts), f"sentences in the grammar {good}/{total}", flush=True)
    world.sheet(rows, path, scale=3)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder")
    p.add_argument("sheet")
    p.add_argument("--captions", type=int, default=48)
    p.add_argument("--stories", type=int, default=12)
    p.add_argument("--more", type=int, default=0, help="further opening sentences of the test split")
    p.add_argument("--penalty", type=float, default=2.0, help="repetition penalty")
    p.add_argument("--only", nargs="*", default=["open", "captions", "stories"])
    a = p.parse_args()
    parts.setup()
    with torch.no_grad():
        m = Model(a.folder)
        if "open" in a.only:
            mark_open(m, a.sheet, a.penalty, a.more)
        if "captions" in a.only:
            mark_captions(m, a.captions)
        if "stories" in a.only:
            mark_stories(m, a.stories)
        if "comp" in a.only:
            mark_stories(m, a.stories, "comp")


if __name__ == "__main__":
    main()
