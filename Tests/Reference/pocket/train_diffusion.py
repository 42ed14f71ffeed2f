"""Trains the CLIP-layout text encoder and fine-tunes the UNet with it (v-prediction, captions dropped 10 %).

    python train_diffusion.py BOOTSTRAP WORK --steps 1500

BOOTSTRAP holds unet/, vae/, caption_encoder/ and judge.safetensors; WORK takes the cached latents and the state.
The first steps move the text encoder alone: it starts as a causal copy of the old caption encoder and must first fit
the UNet as it is. After --text-steps it is frozen (with its average), so that the feature mapper can be trained
towards it while the UNet goes on. Resumes from WORK/diffusion.pt; the learning rate follows the step, not the clock.
"""
import argparse
import json
import os
import random
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import parts
import world

TEXT_ONLY, BATCH, SCENES = 120, 32, 20000


def cached_latents(vae, path, count):
    if not os.path.exists(path):
        r = random.Random("captions/train")
        scenes = [world.random_scene(r) for _ in range(count)]
        moments = []
        with torch.no_grad():
            for i in range(0, count, 100):
                q = vae.encode(parts.pictures([world.render(s) for s in scenes[i:i + 100]])).latent_dist
                moments.append(torch.cat([q.mean, q.std], 1).half())
        torch.save({"scenes": scenes, "moments": torch.cat(moments)}, path)
    d = torch.load(path, weights_only=False)
    return d["scenes"], d["moments"]


def report(unet, vae, text, tokenizer, judge, count=48, seed=7):
    r = random.Random("captions/val")
    scenes = [world.random_scene(r) for _ in range(count)]
    with torch.no_grad():
        for name, make in (("free", lambda s: world.caption(s, r)), ("canonical", world.canonical_caption)):
            captions = [make(s) for s in scenes]
            context = text(tokenizer(captions))
            empty = text(tokenizer([""]))
            x = torch.cat([parts.sample(unet, vae, c, empty, generator=torch.Generator().manual_seed(seed + i)) for i, c in enumerate(context.split(24))])
            wanted = [world.caption_facts(c) for c in captions] if name == "free" else scenes
            print(name, parts.summarise(parts.agreement(a, b) for a, b in zip(judge.scenes(x), wanted)), flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bootstrap")
    p.add_argument("work")
    p.add_argument("--steps", type=int, default=1500)
    p.add_argument("--text-steps", type=int, default=450)
    p.add_argument("--evaluate", action="store_true")
    a = p.parse_args()
    parts.setup()
    vae = parts.load_vae(f"{a.bootstrap}/vae")
    unet = parts.load_unet(f"{a.bootstrap}/unet")
    tokenizer = parts.CaptionTokenizer()
    text = parts.TextEncoder(len(tokenizer.vocab))
    text.start_from(load_file(f"{a.bootstrap}/caption_encoder/model.safetensors"), json.load(open(f"{a.bootstrap}/caption_encoder/config.json"))["words"], tokenizer)
    scenes, moments = cached_latents(vae, f"{a.work}/latents.pt", SCENES)
    weights = [*text.parameters(), *unet.parameters()]
    ema = [w.detach().clone() for w in weights]
    groups = [{"params": list(text.parameters()), "peak": 1e-3}, {"params": list(unet.parameters()), "peak": 5e-4}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(.9, .99), weight_decay=.01)
    alphas = parts.scheduler().alphas_cumprod
    step, path = 0, f"{a.work}/diffusion.pt"
    if os.path.exists(path):
        d = torch.load(path)
        text.load_state_dict(d["text"])
        unet.load_state_dict(d["unet"])
        optimizer.load_state_dict(d["optimizer"])
        ema, step = d["ema"], d["step"]

    def save():
        torch.save({"text": text.state_dict(), "unet": unet.state_dict(), "optimizer": optimizer.state_dict(), "ema": ema, "step": step}, path + ".new")
        os.replace(path + ".new", path)

    begin, losses = time.time(), []
    while step < a.steps:
        r = random.Random(f"diffusion/{step}")
        torch.manual_seed(step)
        unet.requires_grad_(step >= TEXT_ONLY)
        if step >= a.text_steps:
            with torch.no_grad():
                for w, e in zip(text.parameters(), ema):
                    w.copy_(e)
            text.requires_grad_(False)
        for g in optimizer.param_groups:
            start = TEXT_ONLY if g["peak"] == 5e-4 else 0
            end = a.steps if start else a.text_steps
            g["lr"] = g["peak"] * min(1, max(0, step - start) / 50) * max(.03, 1 - step / end)
        index = [r.randrange(len(scenes)) for _ in range(BATCH)]
        captions = ["" if r.random() < .1 else world.training_caption(scenes[i], r) for i in index]
        mean, std = moments[index].float().chunk(2, 1)
        z = (mean + std * torch.randn_like(mean)) * vae.config.scaling_factor
        t = torch.randint(0, 1000, (BATCH,))
        noise = torch.randn_like(z)
        alpha = alphas[t].view(-1, 1, 1, 1)
        x = alpha.sqrt() * z + (1 - alpha).sqrt() * noise
        v = alpha.sqrt() * noise - (1 - alpha).sqrt() * z
        loss = F.mse_loss(unet(x, t, encoder_hidden_states=text(tokenizer(captions))).sample, v)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        step += 1
        torch._foreach_lerp_(ema, [w.detach() for w in weights], 1 - min(.995, (1 + step) / (10 + step)))
        losses.append(loss.item())
        if step % 50 == 0:
            print(step, f"v-mse {sum(losses[-50:]) / 50:.4f}  {(time.time() - begin) / len(losses):.2f} s/step", flush=True)
        if step % 100 == 0:
            save()
    save()
    if a.evaluate:
        with torch.no_grad():
            for w, e in zip(weights, ema):
                w.copy_(e)
        report(unet.eval(), vae, text.eval(), tokenizer, parts.load_judge(f"{a.bootstrap}/judge.safetensors"))


if __name__ == "__main__":
    main()
