"""A tiny CLIP text tower by transformers, with random weights and a tiny tokenizer:
Tests/Fixtures/models/clip-text and clip-text-quick (OpenAI's activation, newer names)."""

import json

import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from stage_fixture import MODELS, randomise, write

TOKENIZER = MODELS / "tokenizer"
LENGTH = 9
# As in Tests/StagesTests/ClipTextTests.swift.
CAPTIONS = ["A red cat.", "", "the blue bird sees the red cat and the blue cat"]

printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
hidden = [b for b in range(256) if b not in printable]
alphabet = [chr(b) for b in printable] + [chr(256 + i) for i in range(len(hidden))]
merges = [
    "r e", "re d</w>", "c a", "ca t</w>", "t h", "th e</w>", "b l", "u e</w>", "bl ue</w>",
    "b i", "bi r", "bir d</w>",
]
pieces = alphabet + [c + "</w>" for c in alphabet] + [m.replace(" ", "") for m in merges]
pieces += ["<|startoftext|>", "<|endoftext|>"]
vocabulary = {piece: index for index, piece in enumerate(pieces)}


def write_tokenizer(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary) + "\n")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(m + "\n" for m in merges))
    special = {
        "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>", "pad_token": "!",
    }
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": LENGTH} | special
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


write_tokenizer(TOKENIZER)
for seed, (name, activation) in enumerate(
        {"clip-text": "gelu", "clip-text-quick": "quick_gelu"}.items()):
    config = CLIPTextConfig(
        vocab_size=len(vocabulary), hidden_size=12, intermediate_size=20, num_hidden_layers=2,
        num_attention_heads=3, layer_norm_eps=0.05, max_position_embeddings=LENGTH, hidden_act=activation,
        bos_token_id=vocabulary["<|startoftext|>"], eos_token_id=vocabulary["<|endoftext|>"],
        pad_token_id=0)
    model = randomise(CLIPTextModel(config), 5 + seed)
    tokenizer = CLIPTokenizer.from_pretrained(TOKENIZER)
    ids = tokenizer(
        CAPTIONS, padding="max_length", truncation=True, max_length=LENGTH,
        return_tensors="pt").input_ids
    with torch.no_grad():
        output = model(input_ids=ids).last_hidden_state
    # Published files name the outer module, which newer versions of transformers do without.
    keys = {k.removeprefix("text_model."): v for k, v in model.state_dict().items()}
    prefix = "text_model." if name == "clip-text" else ""
    tensors = {prefix + k: v for k, v in keys.items() if "position_ids" not in k}
    keep = [
        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
        "num_attention_heads", "max_position_embeddings", "hidden_act", "layer_norm_eps",
    ]
    write(name, {k: getattr(config, k) for k in keep}, tensors, {"output": output})
