"""Pre-trains the image encoder: every Q-Former query reads one slot of the picture (the heads are thrown away).

    python train_images.py BOOTSTRAP WORK --steps 1500

Half of the pictures are spoilt the way generated ones are: decoded by the VAE, blurred or noisy. The decoded ones
come from the latents that train_diffusion.py cached. Resumes from WORK/images.pt.
"""
import argparse
import os
import random
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

import parts
import world
from vision import ImageEncoder

BATCH = 64


def spoil(x, r):
    """Blur or noise, different for each picture."""
    out = []
    for p in x.split(1):
        k = r.random()
        if k < .25:
            p = F.avg_pool2d(F.pad(p, (1, 1, 1, 1), "replicate"), 3, 1)
        elif k < .5:
            p = p + r.uniform(.03, .2) * torch.randn_like(p)
        elif k < .6:
            p = F.interpolate(F.avg_pool2d(p, 2), scale_factor=2, mode="bilinear")
        out.append(p)
    return torch.cat(out)


def decoded_pictures(vae, work, count):
    path = f"{work}/decoded.pt"
    if not os.path.exists(path):
        d = torch.load(f"{work}/latents.pt", weights_only=False)
        out = []
        with torch.no_grad():
            for m in d["moments"][:count].float().split(50):
                mean, std = m.chunk(2, 1)
                # a little extra noise in latent space looks like the UNet's own mistakes
                y = vae.decode(mean + std * torch.randn_like(mean) + .15 * torch.rand(len(m), 1, 1, 1) * mean.std() * torch.randn_like(mean)).sample
                out.append(((y.clamp(-1, 1) + 1) * 127.5).round().byte())
        torch.save((d["scenes"][:count], torch.cat(out)), path)
    return torch.load(path, weights_only=False)


class SlotHeads(nn.Module):
    """Query i reads slot i."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(parts.WIDTH, n) for _, n in parts.HEADS)

    def forward(self, h):
        return [head(h[:, i]) for i, head in enumerate(self.heads)]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bootstrap")
    p.add_argument("work")
    p.add_argument("--steps", type=int, default=1500)
    p.add_argument("--output", type=int, default=192, help="width of the language model")
    a = p.parse_args()
    parts.setup()
    vae = parts.load_vae(f"{a.bootstrap}/vae")
    scenes, decoded = decoded_pictures(vae, a.work, 5000)
    encoder, heads = ImageEncoder(a.output), SlotHeads()
    weights = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=1e-3, betas=(.9, .98), weight_decay=.02)
    step, path = 0, f"{a.work}/images.pt"
    if os.path.exists(path):
        d = torch.load(path)
        encoder.load_state_dict(d["encoder"])
        heads.load_state_dict(d["heads"])
        optimizer.load_state_dict(d["optimizer"])
        step = d["step"]

    def save():
        torch.save({"encoder": encoder.state_dict(), "heads": heads.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, path + ".new")
        os.replace(path + ".new", path)

    begin, losses = time.time(), []
    while step < a.steps:
        r = random.Random(f"images/{step}")
        torch.manual_seed(step)
        for g in optimizer.param_groups:
            g["lr"] = 1.5e-3 * min(1, (step + 1) / 100) * max(.02, 1 - step / a.steps)
        fresh = [world.random_scene(r) for _ in range(BATCH * 3 // 4)]
        index = [r.randrange(len(scenes)) for _ in range(BATCH // 4)]
        x = torch.cat([spoil(parts.pictures([world.render(s) for s in fresh]), r), decoded[index].float() / 127.5 - 1])
        y = torch.tensor([parts.labels(s) for s in fresh + [scenes[i] for i in index]])
        out = heads(encoder.queries(parts.clip_normalise(x)))
        loss = sum(F.cross_entropy(h, y[:, i], ignore_index=-100) for i, h in enumerate(out) if (y[:, i] != -100).any())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        step += 1
        losses.append(loss.item())
        if step % 100 == 0:
            save()
            print(step, f"loss {sum(losses[-100:]) / 100:.3f}  {(time.time() - begin) / len(losses):.2f} s/step", flush=True)
    save()
    r = random.Random("images/val")
    with torch.no_grad():
        for name in ("test", "comp"):
            val = [world.random_scene(r, "train" if name == "test" else "comp") for _ in range(300)]
            clean = parts.pictures([world.render(s) for s in val])
            y = torch.tensor([parts.labels(s) for s in val])
            for kind, x in (("clean", clean), ("decoded", torch.cat([vae.decode(vae.encode(q).latent_dist.mode()).sample for q in clean.split(50)]))):
                o = torch.stack([h.argmax(1) for h in heads(encoder.queries(parts.clip_normalise(x)))], 1)
                ok = (o == y) | (y == -100)
                print(name, kind, {n: round(((ok & (y != -100))[:, i].sum() / (y[:, i] != -100).sum()).item(), 3) for i, (n, _) in enumerate(parts.HEADS)},
                      "all", round(ok.all(1).float().mean().item(), 3), flush=True)


if __name__ == "__main__":
    main()
