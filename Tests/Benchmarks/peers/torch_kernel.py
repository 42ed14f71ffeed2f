"""`torch_kernel.py KERNEL TYPE`: one operation in PyTorch, in the layout that suits it best.

KERNEL is conv:BxHxWxIxO, a 3x3 convolution with padding 1, or attention:HxQxKxD, scaled dot products of
H heads of width D.
"""

import sys
import time

import torch
import torch.nn.functional as F

import models
from contender import THREADS, serve


def convolutions(batch, height, width, inputs, outputs, kind):
    """The same convolution with the channels outermost and innermost."""
    x = torch.randn(batch, inputs, height, width, dtype=kind)
    weight = torch.randn(outputs, inputs, 3, 3, dtype=kind)
    bias = torch.randn(outputs, dtype=kind)
    for layout in torch.contiguous_format, torch.channels_last:
        a, b = x.to(memory_format=layout), weight.to(memory_format=layout)
        yield lambda a=a, b=b: F.conv2d(a, b, bias, padding=1)


def attentions(heads, queries, keys, width, kind):
    q = torch.randn(1, heads, queries, width, dtype=kind)
    k, v = (torch.randn(1, heads, keys, width, dtype=kind) for _ in range(2))
    yield lambda: F.scaled_dot_product_attention(q, k, v)


def duration(call):
    """The shortest of three calls after one for warming up."""
    times = []
    for _ in range(4):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times[1:])


kernel, kind = sys.argv[1:]
torch.set_num_threads(THREADS)
name, sizes = kernel.split(":")
makers = {"conv": convolutions, "attention": attentions}
with torch.inference_mode():
    calls = makers[name](*map(int, sizes.split("x")), models.TYPES[kind])
    serve(min(calls, key=duration))
