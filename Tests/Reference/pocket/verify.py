"""Checks that the exported folder is what the public libraries understand by its layout.

    python verify.py etc/models/pocket

Text encoder, its tokenizer, UNet, VAE and scheduler are opened by transformers and diffusers, the language model by
transformers' LlamaForCausalLM; our own modules must give the same numbers. The mapper is loaded into a plain
torch.nn.Transformer by its keys in any case. Packed training rows must equal the unpacked prompts.
"""
import random
import sys

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer, LlamaForCausalLM

import parts
import world
from evaluate import Model, history
from language import GENERATE, SYSTEM, collate, story_row

folder = sys.argv[1]
parts.setup()


def check(name, difference, limit=2e-4):
    print(f"{name}: {difference:.2e}")
    assert difference < limit, name


with torch.no_grad():
    m = Model(folder)
    r = random.Random(0)
    texts = [world.training_caption(world.random_scene(r, "all"), r) for _ in range(50)]
    tokenizer = CLIPTokenizer.from_pretrained(f"{folder}/tokenizer")
    ids = tokenizer(texts, padding="max_length", max_length=parts.CONTEXT, truncation=True, return_tensors="pt").input_ids
    check("caption tokens", (ids - m.captions(texts)).abs().max().item())
    clip = CLIPTextModel.from_pretrained(f"{folder}/text_encoder", dtype=torch.float32).eval()
    check("text encoder", (clip(ids).last_hidden_state - m.text(ids)).abs().max().item())

    llama = LlamaForCausalLM.from_pretrained(f"{folder}/language_model", dtype=torch.float32).eval()
    x = m.embed(f"{SYSTEM}###Human: Generate an image with the scene description: Mia the rabbit found a blue ball in the park. ###Assistant:", [])
    out = llama(inputs_embeds=x, output_hidden_states=True)
    check("language model, states", (out.hidden_states[-1] - m.states(x)).abs().max().item())
    check("language model, logits", (out.logits - m.lm.lm_head(m.states(x))).abs().max().item(), 1e-3)

    UNet2DConditionModel.from_pretrained(f"{folder}/unet")
    AutoencoderKL.from_pretrained(f"{folder}/vae")
    sch = DDIMScheduler.from_pretrained(f"{folder}/scheduler")
    sch.set_timesteps(25)
    print("DDIM timesteps", sch.timesteps.tolist())

    # packed rows against the plain prompt of one of their branches, in whichever wording was drawn
    steps = world.story(random.Random(5), opening=True)
    images = parts.pictures([world.render(s.scene) for s in steps])
    tail = history([s.text for s in steps[:3]])
    plain = [m.vokens(m.embed(f"{SYSTEM}###Human:{tail}{wording.format(steps[3].text)}", list(images)))[0] for wording in GENERATE]
    differences = []
    for seed in range(8):
        row = story_row(m.tokens, steps, random.Random(seed), list(range(len(steps))), list(range(len(steps))), describe=0)
        batch = collate([row])
        x = m.lm.model.embed_tokens(batch.ids).index_put(batch.picture_places, m.encoder(parts.clip_normalise(images))[batch.picture_numbers].flatten(0, 1))
        offset = row.vokens[3][0]
        packed = m.lm(x, batch.positions.float(), batch.mask)[0, offset:offset + parts.VOKENS]
        differences += [(packed - p).abs().max().item() for p in plain]
    check("packed training rows", min(differences), 1e-3)
