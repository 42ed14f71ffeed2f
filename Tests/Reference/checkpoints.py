"""Files of the reference implementations of safetensors, torch.save and GGUF: Fixtures/checkpoints/.

    pip install gguf==0.19.0 safetensors==0.8.0 torch==2.13.0
    python checkpoints.py
"""

import argparse
import pathlib

import gguf
import numpy
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

# What torch.save writes, and beside it the same tensors as safetensors: views laid out anew, f64
# rounded to f32, as a reader should give them.
storage = torch.arange(24, dtype=torch.float32) / 3
layer = torch.nn.Linear(3, 2)
with torch.no_grad():
    layer.weight.copy_(floats[:2, :3])
    layer.bias.copy_(floats[2, :2])
state = layer.state_dict()
state.update(
    {
        "half": floats.half(),
        "brain": floats.bfloat16(),
        "double": floats.double() / 3,
        "parameter": torch.nn.Parameter(floats[1].clone()),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
        "shared.whole": storage.reshape(2, 3, 4),
        "shared.part": storage[5:11],
        "view.transposed": storage.reshape(4, 6).T,
        "view.permuted": storage.bfloat16().reshape(2, 3, 4).permute(2, 0, 1),
        "view.expanded": storage[4:8].half().reshape(4, 1).expand(4, 3),
        "view.strided": storage.double()[1::5],
        "steps": torch.tensor([1, 2, 3]),
        "mask": torch.tensor([True, False]),
    }
)
optimizer = torch.optim.AdamW(layer.parameters())
layer(floats[:, :3]).sum().backward()
optimizer.step()
nested = {
    "model": state,
    "optimizer": optimizer.state_dict(),
    "args": argparse.Namespace(lr=1e-4, path=pathlib.PurePosixPath("a"), seed=2**80),
    "random": (numpy.random.RandomState(0).get_state()[1][:3], torch.Size([2]), b"x", {1, 2}),
    "epoch": 3,
}
torch.save(nested, FOLDER / "nested.pt")
torch.save(dict(state), FOLDER / "protocol4.bin", pickle_protocol=4)
torch.save(state, FOLDER / "legacy.pt", _use_new_zipfile_serialization=False)
rounded = {name: t.float() if t.dtype == torch.float64 else t for name, t in state.items()}
save_file(
    {name: t.detach().contiguous().clone() for name, t in rounded.items()},
    FOLDER / "nested.safetensors",
)

# A GGUF file with every type of value, and the numbers that its tensors stand for.
writer = gguf.GGUFWriter(FOLDER / "blocks.gguf", "llama")
writer.add_embedding_length(64)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_token_list(["<unk>", "\u2581a", "\u00e9", ""])
writer.add_token_scores([0.0, -1.5, 2.0, -1e9])
writer.add_token_types([2, 1, 1, 6])
writer.add_token_merges(["a b", "ab c"])
writer.add_add_bos_token(True)
writer.add_uint8("test.uint8", 200)
writer.add_int8("test.int8", -100)
writer.add_uint16("test.uint16", 60_000)
writer.add_int16("test.int16", -30_000)
writer.add_int32("test.int32", -2_000_000_000)
writer.add_uint64("test.uint64", 2**62)
writer.add_int64("test.int64", -(2**62))
writer.add_float64("test.float64", 0.1)
writer.add_array("test.nested", [[1, 2], [3]])
generator = numpy.random.default_rng(7)
expected = {}
for kind in ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1"]:
    numbers = generator.standard_normal((3, 64), dtype=numpy.float32)
    numbers[1, :32] = 0
    numbers[2, 5] = 1000
    stored = gguf.quantize(numbers, gguf.GGMLQuantizationType[kind])
    raw = None if kind in ("F32", "F16") else gguf.GGMLQuantizationType[kind]
    writer.add_tensor(f"{kind.lower()}.weight", stored, raw_dtype=raw)
    values = gguf.dequantize(stored, gguf.GGMLQuantizationType[kind])
    expected[f"{kind.lower()}.weight"] = torch.from_numpy(values.copy())
odd = numpy.arange(5, dtype=numpy.float32)
writer.add_tensor("odd", odd)
expected["odd"] = torch.from_numpy(odd)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
save_file(expected, FOLDER / "blocks.safetensors")
