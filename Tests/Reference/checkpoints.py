"""Files of the reference implementation of safetensors: Fixtures/checkpoints/.

    pip install safetensors==0.8.0 torch==2.13.0
    python checkpoints.py
"""

import pathlib

import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).parent.parent / "Fixtures" / "checkpoints"
FOLDER.mkdir(parents=True, exist_ok=True)

floats = torch.arange(15, dtype=torch.float32).reshape(3, 5) / 7 - 1
weights = {
    "norm.weight": floats[0].clone(),
    "conv.weight": torch.arange(2 * 3 * 1 * 2, dtype=torch.float32).reshape(2, 3, 1, 2),
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 4),
    "half": floats.half(),
    "brain": floats.bfloat16(),
    "z\u00e9ro \"quoted\"": torch.tensor([1e-40, -0.0, 65504.0]),
}
save_file(weights, FOLDER / "weights.safetensors", metadata={"format": "pt"})

mixed = {
    "embeddings.position_ids": torch.arange(6).reshape(1, 6),
    "embeddings.weight": floats,
    "step": torch.tensor(3, dtype=torch.int32),
    "mask": torch.tensor([True, False, True]),
}
save_file(mixed, FOLDER / "mixed.safetensors")
