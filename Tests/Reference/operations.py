"""Expected results of the operations of Kit's Tensors, for Tests/TensorsTests.

    python operations.py ../Fixtures

Results are computed by PyTorch in double precision from inputs in single precision. Extents are
odd and unequal, so that a transpose or a wrong stride cannot pass unseen.
Versions: torch 2.13.0, transformers 5.23.0, diffusers 0.42.1, safetensors 0.8.0.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers.models.embeddings import get_timestep_embedding
from safetensors.torch import save_file
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

generator = torch.Generator().manual_seed(20261122)
tensors = {}


def normal(*shape, scale=1.0, offset=0.0):
    return torch.randn(*shape, generator=generator) * scale + offset


def keep(name, *, y, **inputs):
    for key, value in inputs.items():
        tensors[f"{name}.{key}"] = value.contiguous().clone()
    tensors[f"{name}.y"] = y.float().contiguous()


def double(*values):
    return [value.double() for value in values]


def inner(x):
    """[B, C, H, W] to [B, H, W, C]."""
    return x.permute(0, 2, 3, 1)


# Linear: 15 rows and 6, each with the weight in three formats.
weight, bias = normal(19, 37), normal(19)
for name, x in {"linear.many": normal(3, 5, 37), "linear.few": normal(2, 3, 37)}.items():
    for suffix, kind in {"f32": torch.float, "f16": torch.half, "bf16": torch.bfloat16}.items():
        stored = weight.to(kind)
        y = F.linear(*double(x, stored, bias))
        keep(f"{name}.{suffix}", x=x, weight=stored, bias=bias, y=y)

# Convolutions: name, weight [O, I, h, w], image [B, I, H, W], stride, (left, right, top, bottom).
for name, w, x, stride, padding in [
    ("same", (7, 5, 3, 3), (2, 5, 9, 11), 1, (1, 1, 1, 1)),
    ("down", (6, 5, 3, 3), (2, 5, 9, 10), 2, (1, 1, 1, 1)),
    ("bottomRight", (5, 3, 3, 3), (1, 3, 8, 7), 2, (0, 1, 0, 1)),
    ("patches", (9, 3, 4, 4), (2, 3, 13, 8), 4, (0, 0, 0, 0)),
    ("pixel", (7, 5, 1, 1), (2, 5, 3, 7), 1, (0, 0, 0, 0)),
    ("lopsided", (4, 3, 2, 5), (1, 3, 6, 4), 1, (3, 1, 0, 2)),
]:
    w, b, x = normal(*w), normal(w[0]), normal(*x)
    y = F.conv2d(F.pad(x.double(), padding), w.double(), b.double(), stride=stride)
    keep(f"conv2d.{name}", x=inner(x), weight=w, bias=b, y=inner(y))

# Attention: 3 heads of 4 channels, 5 queries, 7 keys; causal, query i is at position 2 + i.
query, key, value = normal(2, 5, 12), normal(2, 7, 12), normal(2, 7, 12)
heads = [x.unflatten(-1, (3, 4)).transpose(1, 2) for x in double(query, key, value)]
mask = torch.ones(5, 7, dtype=torch.bool).tril(2)
for name, attn_mask in {"full": None, "causal": mask}.items():
    y = F.scaled_dot_product_attention(*heads, attn_mask=attn_mask)
    keep(f"attention.{name}", query=query, key=key, value=value, y=y.transpose(1, 2).flatten(-2))

# Norms; the large offset is for variances taken from sums of squares.
for name, x in {"near": normal(3, 5, 37), "far": normal(3, 5, 37, offset=50)}.items():
    w, b = normal(37), normal(37)
    keep(
        f"layerNorm.{name}", x=x, weight=w, bias=b,
        y=F.layer_norm(x.double(), (37,), w.double(), b.double(), 1e-5))
x, w = normal(3, 5, 37, scale=0.01), normal(37)
keep("rmsNorm", x=x, weight=w, y=F.rms_norm(x.double(), (37,), w.double(), 1e-5))
for name, shape, offset in [("image", (2, 12, 5, 7), 0), ("far", (2, 12, 5, 7), 50)]:
    x, w, b = normal(*shape, offset=offset), normal(12), normal(12)
    y = F.group_norm(x.double(), 3, w.double(), b.double(), 1e-6)
    keep(f"groupNorm.{name}", x=inner(x), weight=w, bias=b, y=inner(y))
x, w, b = normal(2, 12, 11), normal(12), normal(12)
y = F.group_norm(x.double(), 4, w.double(), b.double(), 1e-6)
keep("groupNorm.sequence", x=x.transpose(1, 2), weight=w, bias=b, y=y.transpose(1, 2))

# Activations.
x = torch.cat([torch.linspace(-12, 12, 101), torch.tensor([-200.0, -90.0, 90.0, 200.0])])
keep("silu", x=x, y=F.silu(x.double()))
keep("gelu", x=x, y=F.gelu(x.double()))
keep("relu", x=x, y=F.relu(x.double()))
x = normal(3, 5, 26, scale=2)
values, gates = x.double().chunk(2, dim=-1)
keep("geglu", x=x, y=values * F.gelu(gates))
gate, up = normal(3, 5, 13, scale=2), normal(3, 5, 13)
keep("swiglu", gate=gate, up=up, y=F.silu(gate.double()) * up.double())
x = normal(3, 5, 17, scale=10)
keep("softmax", x=x, y=F.softmax(x.double(), dim=-1))

# Rotary embedding as LLaMA's: 3 heads of 8 channels, positions 9 to 13, single precision there.
x = normal(2, 5, 24)
config = LlamaConfig(hidden_size=24, num_attention_heads=3, head_dim=8)
cosine, sine = LlamaRotaryEmbedding(config)(x, torch.arange(9, 14)[None])
head = x.unflatten(-1, (3, 8)).transpose(1, 2)
y, _ = apply_rotary_pos_emb(head, head, cosine, sine)
keep("rotary", x=x, y=y.transpose(1, 2).flatten(-2))

timesteps = torch.tensor([0.0, 1.0, 501.0, 999.0])
y = get_timestep_embedding(timesteps, 22, flip_sin_to_cos=True, downscale_freq_shift=0)
keep("timestepEmbedding", timesteps=timesteps, y=y)

x = normal(2, 3, 4, 5)
keep("upsampleNearest", x=inner(x), y=inner(F.interpolate(x, scale_factor=2, mode="nearest")))

save_file(tensors, Path(sys.argv[1]) / "operations.safetensors")
