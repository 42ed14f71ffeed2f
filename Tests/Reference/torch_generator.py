"""Numbers of PyTorch's CPU generator, for Tests/TensorsTests.

    python torch_generator.py ../Fixtures

Version: torch 2.13.0. The vectorised normal numbers differ in their last bits between CPUs.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

SEEDS = [0, 42, 0x1_8765_4321]
LENGTHS = [1, 5, 15, 16, 17, 31, 64, 1000, 1025]

tensors = {}
for seed in SEEDS:
    def fresh():
        return torch.Generator().manual_seed(seed)

    for length in LENGTHS:
        tensors[f"{seed}.normal.{length}"] = torch.randn(length, generator=fresh())

    # Calls one after the other: single normals come in twos, and the second one waits while
    # other numbers are drawn.
    generator = fresh()
    calls = [
        torch.randn(3, generator=generator),
        torch.randn(17, generator=generator),
        torch.rand(2, generator=generator),
        torch.randn(4, generator=generator),
        torch.rand(2, dtype=torch.double, generator=generator).float(),
        torch.randn(5, generator=generator),
    ]
    tensors[f"{seed}.calls"] = torch.cat(calls)

    # Over a thousand words of 32 bits: the state is renewed every 624.
    words = torch.randint(0, 2**16, (1300,), generator=fresh())
    tensors[f"{seed}.words"] = words.float()

    generator = fresh()
    probabilities = torch.rand(37, generator=generator).softmax(0)
    draws = [torch.multinomial(probabilities, 1, generator=generator) for _ in range(50)]
    tensors[f"{seed}.probabilities"] = probabilities
    tensors[f"{seed}.draws"] = torch.cat(draws).float()

save_file(tensors, Path(sys.argv[1]) / "torch-generator.safetensors")
