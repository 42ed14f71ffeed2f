"""Trains the language model, llama_proj and the feature mapper on stories and captions drawn afresh for every batch.

    python train_language.py BOOTSTRAP WORK --until 800 --stage text        stories without pictures, no mapper
    python train_language.py BOOTSTRAP WORK --until 3000 --stage pictures   pictures, caption loss for the mapper
    python train_language.py BOOTSTRAP WORK --until 3600 --stage diffusion  the same with the diffusion loss added

`pictures` needs WORK/images.pt (train_images.py) and WORK/diffusion.pt (train_diffusion.py). The state (with the EMA
that is exported) is in WORK/language.pt; --total fixes the learning-rate schedule over all stages.
"""
import argparse
import math
import os
import random
import signal
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import parts
import world
from language import FactHeads, IGNORE, KNOWN, LanguageModel, Mapper, Tokens, caption_row, collate, facts, story_row
from train_images import spoil
from vision import ImageEncoder


class Pocket(nn.Module):
    """Everything that is trained here, and the frozen image encoder."""

    def __init__(self, rows):
        super().__init__()
        self.lm, self.mapper, self.facts, self.encoder = LanguageModel(rows), Mapper(), FactHeads(), ImageEncoder(parts_dim())

    def states(self, batch, queries):
        x = self.lm.model.embed_tokens(batch.ids)
        if len(batch.picture_numbers):
            x = x.index_put(batch.picture_places, self.encoder.llama_proj(queries[batch.picture_numbers]).flatten(0, 1))
        return self.lm(x, batch.positions.float(), batch.mask)


def parts_dim():
    from language import DIM
    return DIM


def mislead(scene, r):
    """A picture as a weak generator may have drawn it: another animal or thing, or none. The texts stay right."""
    s = world.Scene(scene.place, scene.sky, list(scene.actors), scene.item, scene.jitter)
    k = r.random()
    if k < .5 and s.actors:
        i = r.randrange(len(s.actors))
        others = [q for q in world.SPECIES if q not in [a.species for a in s.actors]]
        s.actors[i] = world.Actor(r.choice(others), s.actors[i].shirt, s.actors[i].side)
    elif s.item:
        s.item = None if k > .8 else world.Item(r.choice(world.ITEMS), r.choice(world.COLOR_NAMES), s.item.side)
    return s


def draw_batch(tokens, r, stories, captions, with_pictures, restate=.4, split="train"):
    """Rows, the scenes to render for the image encoder, the known facts and the true scenes of every target."""
    rows, shown, known, true = [], [], [], []
    for _ in range(stories):
        steps = world.story(r, split, rare_names=split == "train")
        if r.random() < .3:
            steps = steps[:r.randint(2, 4)]
        facts_known = world.known_scenes(steps, pictures=with_pictures)
        if restate:
            steps = world.restate(steps, r, restate if r.random() < .7 else 0)
        numbers = [None] * len(steps)
        if with_pictures:
            misled = restate and r.random() < .2
            numbers = list(range(len(shown), len(shown) + len(steps)))
            shown += [mislead(s.scene, r) if misled and r.random() < .5 else s.scene for s in steps]
        targets = list(range(len(known), len(known) + len(steps)))
        known += facts_known
        true += [s.scene for s in steps]
        rows.append(story_row(tokens, steps, r, numbers, targets, describe=.12 if with_pictures else 0))
    for i in range(0, captions, 8):
        scenes = [world.random_scene(r, split) for _ in range(min(8, captions - i))]
        texts = [world.caption(s, r, shirts=r.random() < .85) for s in scenes]
        rows.append(caption_row(tokens, texts, r, list(range(len(known), len(known) + len(texts)))))
        known += [world.caption_facts(t) for t in texts]
        true += scenes
    return rows, shown, known, true


@torch.no_grad()
def encode_pictures(model, vae, scenes, r, decoded=.2):
    x = parts.pictures([world.render(s) for s in scenes])
    chosen = [i for i in range(len(x)) if r.random() < decoded]
    if chosen:
        q = vae.encode(x[chosen]).latent_dist
        x[chosen] = vae.decode(q.mean + q.std * torch.randn_like(q.mean) + r.uniform(0, .25) * torch.randn_like(q.mean)).sample
    keep = [i for i in range(len(x)) if i not in set(chosen)]
    x[keep] = spoil(x[keep], r)
    return model.encoder.queries(parts.clip_normalise(x))


def text_loss(model, tokens, batch, h):
    """Cross entropy, and the same under the reference's repetition penalty of 2, which sampling will apply."""
    at = (batch.labels != IGNORE).nonzero(as_tuple=True)
    logits, labels = model.lm.lm_head(h[at]), batch.labels[at]
    plain = F.cross_entropy(logits, labels)
    if not len(batch.penalty[0]):
        return plain, plain
    number = torch.full((batch.labels.numel(),), -1)
    number[at[0] * batch.labels.shape[1] + at[1]] = torch.arange(len(labels))
    where = (number[batch.penalty[0]], batch.penalty[1])
    value = logits[where]
    return plain, F.cross_entropy(logits.index_put(where, torch.where(value > 0, value / 2, value * 2)), labels)


@torch.no_grad()
def fact_report(model, tokens, vae, with_pictures, count=60):
    """How well the vokens carry the known facts of test stories (never restated), all steps and the last one."""
    hits = {}
    r = random.Random("stories/test")
    torch.manual_seed(0)
    for _ in range(count // 20):
        rows, shown, known, _ = draw_batch(tokens, r, 20, 16, with_pictures, restate=0, split="test")
        batch = collate(rows)
        queries = encode_pictures(model, vae, shown, r) if shown else None
        h = model.states(batch, queries)[batch.voken_places].view(-1, parts.VOKENS, parts_dim())
        guess = torch.stack([o.argmax(1) for o in model.facts(h)], 1).tolist()
        for t, g in zip(batch.voken_targets, guess):
            for name, a, b in zip(KNOWN, g, facts(known[t])):
                hits.setdefault(name, []).append(a == b)
            hits.setdefault("all", []).append(g == facts(known[t]))
    return {k: round(float(np.mean(v)), 3) for k, v in hits.items()}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bootstrap")
    p.add_argument("work")
    p.add_argument("--stage", choices=["text", "pictures", "diffusion"], required=True)
    p.add_argument("--until", type=int, required=True)
    p.add_argument("--total", type=int, default=4000)
    p.add_argument("--stories", type=int, default=12)
    p.add_argument("--captions", type=int, default=16)
    p.add_argument("--peak", type=float, default=1.5e-3)
    p.add_argument("--replay", type=int, default=0, help="further mapper steps on remembered voken features, after each step")
    p.add_argument("--restart", action="store_true", help="a schedule of its own from here to --until")
    p.add_argument("--only-mapper", action="store_true", help="leave the language model as it is (a third of the work)")
    a = p.parse_args()
    parts.setup()
    tokens = Tokens(f"{a.bootstrap}/tokenizer.model")
    vae = parts.load_vae(f"{a.bootstrap}/vae")
    model = Pocket(tokens.rows)
    with_pictures = a.stage != "text"
    decay = [w for n, w in model.named_parameters() if w.dim() >= 2 and "embed" not in n]
    rest = [w for n, w in model.named_parameters() if not (w.dim() >= 2 and "embed" not in n)]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": .05}, {"params": rest, "weight_decay": 0.}], lr=1e-3, betas=(.9, .98))
    weights = [*model.parameters()]
    step, path, ema = 0, f"{a.work}/language.pt", None
    if os.path.exists(path):
        d = torch.load(path)
        model.load_state_dict(d["model"])
        optimizer.load_state_dict(d["optimizer"])
        step, ema = d["step"], d["ema"]
    frozen = [*model.encoder.visual_encoder.parameters(), *model.encoder.ln_vision.parameters(), model.encoder.query_tokens, *model.encoder.Qformer.parameters()]
    for w in frozen:
        w.requires_grad_(False)
    if with_pictures:
        d = torch.load(f"{a.work}/images.pt")["encoder"]
        model.encoder.load_state_dict({k: v for k, v in d.items() if not k.startswith("llama_proj")}, strict=False)
        captioner, tokenizer, unet = load_diffusion(a.bootstrap, a.work)
        with torch.no_grad():
            spread = captioner(tokenizer([world.canonical_caption(world.random_scene(random.Random(i))) for i in range(64)])).var()
        alphas = parts.scheduler().alphas_cumprod
    if ema is None:
        ema = [w.detach().clone() for w in weights]
    for e, w in zip(ema, weights):
        if not w.requires_grad:
            e.copy_(w)

    def save():
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "ema": ema, "step": step}, path + ".new")
        os.replace(path + ".new", path)

    begin, first, log = time.time(), step, []
    memory = []  # voken features and captions of the last steps
    mapper_weights = [*model.mapper.parameters()]
    average = [e for e, w in zip(ema, weights) if any(w is m for m in mapper_weights)]
    signal.signal(signal.SIGTERM, lambda *_: (save(), os._exit(0)))
    while step < a.until:
        r = random.Random(f"language/{a.stage}/{step}")
        torch.manual_seed(step)
        for g in optimizer.param_groups:
            x = .5 + .5 * (step - first) / (a.until - first) if a.restart else step / a.total
            g["lr"] = a.peak * min(1, (step + 1) / 100, (step - first + 1) / 20) * (1 if x < .5 else max(.02, .5 + .5 * math.cos(math.pi * (x - .5) / .5)))
        rows, shown, known, true = draw_batch(tokens, r, a.stories, a.captions, with_pictures)
        queries = encode_pictures(model, vae, shown, r) if shown else None
        loss = plain = penalised = slots = torch.zeros(())
        features, numbers = [], []
        with torch.set_grad_enabled(not a.only_mapper):
            for group, share in ((rows[:a.stories], .85), (rows[a.stories:], .15)):  # apart, for captions are much shorter
                batch = collate(group)
                h = model.states(batch, queries)
                features.append(h[batch.voken_places].view(-1, parts.VOKENS, h.shape[-1]))
                numbers += batch.voken_targets
                if not a.only_mapper:
                    p, q = text_loss(model, tokens, batch, h)
                    plain, penalised = plain + share * p, penalised + share * q
            vokens = torch.cat(features)
            if not a.only_mapper:
                want = torch.tensor([facts(known[t]) for t in numbers])
                slots = sum(F.cross_entropy(o, want[:, i]) for i, o in enumerate(model.facts(vokens))) / len(KNOWN)
                loss = .7 * plain + .3 * penalised + slots
        cap = ldm = torch.zeros(())
        if with_pictures:
            captions = [world.canonical_caption(known[t]) for t in numbers]
            drop = torch.rand(len(captions)) < .1  # the mapper's zero input is the unconditional branch
            captions = ["" if d else c for c, d in zip(captions, drop)]
            with torch.no_grad():
                target = captioner(tokenizer(captions))
            context = model.mapper(vokens * (~drop)[:, None, None])
            cap = F.mse_loss(context, target) / spread
            loss = loss + 2 * cap
        if a.stage == "diffusion":
            chosen = r.sample(range(len(captions)), min(24, len(captions)))
            ldm = diffusion_loss(unet, vae, alphas, context[chosen], [true[numbers[i]] for i in chosen])
            loss = loss + ldm
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        # The mapper is cheap next to the language model, and needs far more examples: it learns on from memory.
        if with_pictures and a.replay:
            memory += list(zip(vokens.detach(), [world.canonical_caption(known[t]) for t in numbers]))
            del memory[:-5000]
            for _ in range(a.replay):
                some = r.sample(memory, min(128, len(memory)))
                drop = torch.rand(len(some)) < .08
                with torch.no_grad():
                    target = captioner(tokenizer(["" if d else c for d, (_, c) in zip(drop, some)]))
                again = F.mse_loss(model.mapper(torch.stack([v for v, _ in some]) * (~drop)[:, None, None]), target) / spread
                optimizer.zero_grad(set_to_none=True)
                again.backward()
                torch.nn.utils.clip_grad_norm_(mapper_weights, 1.0)
                optimizer.step()
                torch._foreach_lerp_(average, [w.detach() for w in mapper_weights], .005)
        step += 1
        torch._foreach_lerp_(ema, [w.detach() for w in weights], 1 - min(.995, (1 + step) / (10 + step)))
        log.append((plain.item(), penalised.item(), slots.item(), cap.item(), ldm.item()))
        if step % 50 == 0:
            text = "  ".join(f"{n} {v:.4f}" for n, v in zip(("text", "penalised", "slots", "cap", "ldm"), np.mean(log[-50:], 0)))
            print(step, text, f"{(time.time() - begin) / len(log):.2f} s/step", flush=True)
        if step % 200 == 0 or step == a.until:
            save()
            print("  test", fact_report(model, tokens, vae, with_pictures), flush=True)
    save()


def load_diffusion(bootstrap, work):
    """Text encoder, caption tokenizer and UNet with their EMA weights, frozen."""
    tokenizer = parts.CaptionTokenizer()
    text, unet = parts.TextEncoder(len(tokenizer.vocab)), parts.load_unet(f"{bootstrap}/unet")
    ema = torch.load(f"{work}/diffusion.pt")["ema"]
    with torch.no_grad():
        for w, e in zip([*text.parameters(), *unet.parameters()], ema):
            w.copy_(e)
    return text.eval().requires_grad_(False), tokenizer, unet.eval().requires_grad_(False)


def diffusion_loss(unet, vae, alphas, context, scenes):
    with torch.no_grad():
        q = vae.encode(parts.pictures([world.render(s) for s in scenes])).latent_dist
        z = (q.mean + q.std * torch.randn_like(q.mean)) * vae.config.scaling_factor
    t = torch.randint(0, 1000, (len(z),))
    noise, alpha = torch.randn_like(z), alphas[t].view(-1, 1, 1, 1)
    v = alpha.sqrt() * noise - (1 - alpha).sqrt() * z
    return F.mse_loss(unet(alpha.sqrt() * z + (1 - alpha).sqrt() * noise, t, encoder_hidden_states=context).sample, v)


if __name__ == "__main__":
    main()
