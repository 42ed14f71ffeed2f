"""The comparisons: what Voken does, what a peer does, and how many times as fast Voken should be."""

import os
import statistics
import sys
from dataclasses import dataclass, field
from typing import Callable

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclass
class Match:
    """Two commands that do the same work. The ratio of their times is multiplied by `scale`, for a side
    that does more in one call."""

    name: str
    ours: Callable
    theirs: Callable
    scale: float = 1


@dataclass
class Row:
    """Matches whose ratios together should reach a floor, and are hoped to reach an aim."""

    name: str
    peer: str
    floor: float
    aim: float
    matches: list = field(default_factory=list)
    # Whether the two sides are too large to be in memory together.
    alone: bool = False
    # Of several works the mean counts; of several peers the best one, so the least ratio.
    together: Callable = statistics.geometric_mean


def voken(*arguments):
    """A command of ours."""
    return lambda options: [
        options.voken, "bench", "--threads", "2", "--on-demand", *arguments]


def stage(name, types, *arguments):
    return voken("--geometry", "minigpt5", "--stages", name, "--type", types, *arguments)


def kernel(name, kind):
    return voken("--kernels", name, "--type", kind)


def python(script, *arguments):
    """A command of a script here; {folder} in an argument is the folder of prepare."""
    return lambda options: [
        sys.executable, os.path.join(HERE, script),
        *(a.format(folder=options.folder) for a in arguments)]


def onednn(name, kind):
    return lambda options: [f"{options.folder}/onednn_gemm", name, kind]


# Those of the UNet's convolutions, projections and perceptrons, ViT-g's and LLaMA-7B's.
PRODUCTS = [
    "4096x320x2880", "1024x640x5760", "256x1280x11520", "64x1280x11520", "8192x320x320",
    "2048x640x640", "512x1280x1280", "8192x2560x320", "257x6144x1408", "64x11008x4096",
    "128x11008x4096", "512x11008x4096",
]
CONVOLUTIONS = [
    "2x64x64x320x320", "2x32x32x640x640", "2x16x16x1280x1280", "2x8x8x1280x1280",
    "2x64x64x640x320", "2x32x32x1280x640",
]
ATTENTION = "attention:10x4096x4096x64"


def products(kind, floor, aim):
    return Row(f"gemm-{kind}", "oneDNN, packed weights", floor, aim, [
        Match(shape, kernel(f"gemm:{shape}", kind), onednn(f"gemm:{shape}", kind))
        for shape in PRODUCTS])


def convolutions(kind, floor, aim):
    return Row(f"conv-{kind}", "torch, its better layout", floor, aim, [
        Match(shape, kernel(f"conv:{shape}", kind), python("torch_kernel.py", f"conv:{shape}", kind))
        for shape in CONVOLUTIONS])


def attention(kind, floor, aim):
    return Row(f"attention-{kind}", "torch's sdpa", floor, aim, [
        Match("10x4096x4096", kernel(ATTENTION, kind), python("torch_kernel.py", ATTENTION, kind))])


def openvino(name, kind, floor, aim):
    return Row(f"{name}-{kind}", "OpenVINO", floor, aim, [
        Match("OpenVINO", stage(name, kind), python("openvino_stage.py", name, kind, "{folder}"))])


def torch(name, kind, floor, aim):
    return Row(f"{name}-{kind}-torch", "torch and diffusers", floor, aim, [
        Match("torch", stage(name, kind), python("torch_stage.py", name, kind))])


def llama(name, kind, floor, aim, *files):
    return Row(f"{name}-{kind}", "llama.cpp", floor, aim, [
        Match(file, stage(name, kind),
              python("llama_cpp_stage.py", name, f"{{folder}}/llama-7b-{file}.gguf"))
        for file in files], together=min)


ROWS = [
    products("f32", 0.95, 1.05),
    products("bf16", 0.95, 1.05),
    convolutions("f32", 1.8, 2.3),
    convolutions("bf16", 1.5, 2.1),
    attention("f32", 2, 2.6),
    attention("bf16", 3.5, 4.7),
    openvino("unet", "f32", 1.15, 1.35),
    openvino("unet", "bf16", 1.15, 1.45),
    openvino("vae", "f32", 1.5, 2),
    openvino("vae", "bf16", 1.2, 1.8),
    openvino("encode", "f32", 1, 1.1),
    openvino("encode", "bf16", 1.1, 1.3),
    torch("unet", "f32", 2, 2.5),
    torch("unet", "bf16", 1.7, 2.5),
    llama("prefill", "q8_0", 3, 5, "q8_0"),
    llama("prefill", "q4", 1.8, 2.6, "q4_0"),
    llama("decode", "q8_0", 1.2, 1.5, "q8_0"),
    llama("decode", "q4", 1, 1.3, "q4_0", "q4_k"),
    Row("decode4-q8_0", "one sequence of ours", 3, 3.8, [
        Match("1 sequence", stage("decode4", "q8_0"), stage("decode", "q8_0"), scale=4)]),
    Row("answer", "torch, diffusers, transformers", 1.8, 2.5, [
        Match("bf16", stage("answer", "bf16,languageModel=q8_0"),
              python("torch_answer.py", "300", "2", "30", "50"))], alone=True),
]
