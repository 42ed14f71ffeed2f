"""`torch_answer.py PROMPT PICTURES TOKENS STEPS`: a whole answer with diffusers and transformers, in bf16.

Pictures and a prompt are taken in, tokens told one by one, the eight vokens fed at once and mapped, and
a picture made with guidance by DDIM: what `voken bench --stages answer` does.
"""

import sys

import torch
from diffusers import DDIMScheduler
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

import models
from contender import THREADS, serve

TYPE = torch.bfloat16
WIDTH, ROWS, VOKENS = 4096, 32009, 8


class Mapper(nn.Module):
    """MiniGPT-5's: a perceptron and an encoder-decoder transformer over learned queries."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(WIDTH, 1024), nn.GELU(), nn.Linear(1024, 1024))
        self.transformer = nn.Transformer(
            1024, 8, 4, 4, 4096, norm_first=True, batch_first=True, dropout=0)
        self.queries = nn.Parameter(torch.randn(1, 77, 1024))

    def forward(self, states):
        return self.transformer(self.fc(states), self.queries.expand(states.shape[0], -1, -1))


def language_model():
    """LLaMA-7B, filled by the tensor: its library's own start draws every number of thousands of
    millions from a normal distribution, on one thread."""
    configuration = LlamaConfig(
        vocab_size=ROWS, hidden_size=WIDTH, intermediate_size=11008, num_hidden_layers=32,
        num_attention_heads=32, max_position_embeddings=2048, rms_norm_eps=1e-6,
        attn_implementation="sdpa")
    with torch.device("meta"):
        model = LlamaForCausalLM(configuration)
    model = model.to(TYPE).to_empty(device="cpu")
    for name, weight in model.named_parameters():
        if weight.dim() == 1:
            nn.init.ones_(weight)
        else:
            row = torch.randn(1 << 16).mul_(weight.shape[1] ** -0.5).to(TYPE)
            flat = weight.data.view(-1)
            for start in range(0, flat.numel(), row.numel()):
                part = flat[start:start + row.numel()]
                part.copy_(row[:part.numel()])
    # Frequencies are no parameters, and were left empty.
    model.model.rotary_emb = type(model.model.rotary_emb)(configuration)
    return model.eval()


def answer_of(prompt, pictures, tokens, steps):
    (encoder, pixels), (unet, latents), (vae, latent) = (
        models.typed(*make(), "bf16") for make in (models.encode, models.unet, models.vae))
    mapper = Mapper().eval().to(TYPE)
    language = language_model()
    embed = language.get_input_embeddings()
    words = torch.randint(3, 32000, (1, prompt))
    noise = torch.randn(1, 4, 64, 64).to(TYPE)
    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
        set_alpha_to_one=False, steps_offset=1)

    def answer():
        parts = [embed(words)] + [encoder(*pixels) for _ in range(pictures)]
        told = language.model(inputs_embeds=torch.cat(parts, dim=1), use_cache=True)
        for _ in range(tokens):
            token = language.lm_head(told.last_hidden_state[:, -1:]).argmax(-1)
            told = language.model(
                input_ids=token, past_key_values=told.past_key_values, use_cache=True)
        vokens = torch.arange(ROWS - 9, ROWS - 1)[None]
        states = language.model(
            input_ids=vokens, past_key_values=told.past_key_values, use_cache=True
        ).last_hidden_state
        conditioning = mapper(torch.cat([torch.zeros_like(states), states]))
        scheduler.set_timesteps(steps)
        sample = noise
        for step in scheduler.timesteps:
            plain, guided = unet(torch.cat([sample] * 2), step.expand(2), conditioning).chunk(2)
            sample = scheduler.step(
                plain + 7.5 * (guided - plain), step, sample, return_dict=False)[0]
        vae(sample)

    return answer


torch.set_num_threads(THREADS)
with torch.inference_mode():
    answer = answer_of(*map(int, sys.argv[1:]))
    # A call takes minutes, and fills no caches that count: it is not made twice to warm up.
    serve(answer, warm=False)
