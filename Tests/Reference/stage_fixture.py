"""What the scripts of the stages share: random weights, and the folder of a tiny model.

A model is computed in 64-bit floats on weights that 32-bit floats hold exactly, so that the
expected outputs are right to the last digit that a test could see. Where a configuration gives the
epsilon of a norm, it is large and like no other: a test could not see the usual ones.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file

MODELS = pathlib.Path(__file__).parent.parent / "Fixtures" / "models"
LIMIT = 200_000  # bytes of a file


def randomise(module, seed):
    """Gives every parameter numbers that matter: biases and norms too, which start at 0 and 1."""
    torch.manual_seed(seed)
    for name, parameter in module.named_parameters():
        values = torch.randn(parameter.shape)
        with torch.no_grad():
            if parameter.dim() > 1:
                parameter.copy_(values * (parameter[0].numel() ** -0.5))
            elif name.endswith("weight"):
                parameter.copy_(1 + 0.2 * values)
            else:
                parameter.copy_(0.2 * values)
    return module.double().eval()


def write(name, config, tensors, expected, weights="model.safetensors"):
    """Writes Fixtures/models/<name>/ with config.json and the weights, and beside it
    <name>.safetensors with inputs and outputs."""
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    config = json.dumps(config, indent=2, sort_keys=True)
    (folder / "config.json").write_text(config + "\n")
    save(folder / weights, tensors)
    save(MODELS / f"{name}.safetensors", expected)
    return folder


def save(path, tensors):
    save_file({key: value.detach().float().contiguous() for key, value in tensors.items()}, path)
    path.chmod(0o644)
    assert path.stat().st_size < LIMIT, f"{path} is too large: {path.stat().st_size}"


def innermost(x):
    """[B, C, H, W] to the engine's [B, H, W, C]."""
    return x.permute(0, 2, 3, 1)
