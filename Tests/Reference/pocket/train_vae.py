"""Sharpens the VAE's decoder; the latent space stays as it is, so nothing else has to be trained again.

    python train_vae.py BOOTSTRAP WORK --steps 800

Actors and items weigh four times (the renderer knows where they are): nearly all of the error is there. Latents get a
little noise, because the decoder's real input are the UNet's. Writes WORK/vae; resumes from WORK/vae.pt.
"""
import argparse
import os
import random
import shutil
import time

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import parts
import world

BATCH = 16


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bootstrap")
    p.add_argument("work")
    p.add_argument("--steps", type=int, default=800)
    a = p.parse_args()
    parts.setup()
    vae = parts.load_vae(f"{a.bootstrap}/vae")
    weights = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    for w in weights:
        w.requires_grad_(True)
    optimizer = torch.optim.AdamW(weights, lr=1e-3, betas=(.9, .99), weight_decay=1e-3)
    step, path = 0, f"{a.work}/vae.pt"
    if os.path.exists(path):
        d = torch.load(path)
        vae.load_state_dict(d["vae"])
        optimizer.load_state_dict(d["optimizer"])
        step = d["step"]
    begin, losses = time.time(), []

    def save():
        torch.save({"vae": vae.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, path + ".new")
        os.replace(path + ".new", path)

    def edges(x):
        return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]

    while step < a.steps:
        r = random.Random(f"vae/{step}")
        torch.manual_seed(step)
        for g in optimizer.param_groups:
            g["lr"] = 1e-3 * min(1, (step + 1) / 50) * max(.02, 1 - step / a.steps)
        scenes = [world.random_scene(r) for _ in range(BATCH)]
        x = parts.pictures([world.render(s) for s in scenes])
        empty = parts.pictures([world.render(world.Scene(s.place, s.sky)) for s in scenes])
        weight = 1 + 3 * F.max_pool2d(((x - empty).abs().amax(1, keepdim=True) > .04).float(), 3, 1, 1)
        with torch.no_grad():
            q = vae.encode(x).latent_dist
            z = q.mean + q.std * torch.randn_like(q.mean) + .1 * torch.rand(BATCH, 1, 1, 1) * q.mean.std() * torch.randn_like(q.mean)
        y = vae.decode(z).sample
        loss = (weight * ((y - x).abs() + 2 * (y - x) ** 2)).mean() + .5 * sum((b - c).abs().mean() for b, c in zip(edges(y), edges(x)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        step += 1
        losses.append(loss.item())
        if step % 100 == 0:
            print(step, f"loss {sum(losses[-100:]) / 100:.4f}  {(time.time() - begin) / len(losses):.2f} s/step", flush=True)
            save()
    save()
    os.makedirs(f"{a.work}/vae", exist_ok=True)
    shutil.copyfile(f"{a.bootstrap}/vae/config.json", f"{a.work}/vae/config.json")
    save_file({k: v.contiguous() for k, v in vae.state_dict().items()}, f"{a.work}/vae/diffusion_pytorch_model.safetensors")
    judge, r = parts.load_judge(f"{a.bootstrap}/judge.safetensors"), random.Random("vae/val")
    scenes = [world.random_scene(r) for _ in range(256)]
    x = parts.pictures([world.render(s) for s in scenes])
    with torch.no_grad():
        for name, v in (("bootstrap", parts.load_vae(f"{a.bootstrap}/vae")), ("this", vae)):
            y = torch.cat([v.decode(v.encode(q).latent_dist.mode()).sample.clamp(-1, 1) for q in x.split(64)])
            psnr = (10 * torch.log10(4 / ((y - x) ** 2).mean((1, 2, 3)))).mean()
            print(name, f"PSNR {psnr:.2f} dB", parts.summarise(parts.agreement(s, t) for s, t in zip(judge.scenes(y), scenes)))


if __name__ == "__main__":
    main()
