"""`make_gguf.py TYPE FILE`: a GGUF file of LLaMA-7B's sizes, with random weights of a type.

TYPE is q8_0, q4_0, q4_k, or bf16. Blocks are random bytes under scales that keep activations finite, which
takes seconds where quantising seven thousand million numbers would take minutes; no kernel's speed depends
on them.
"""

import sys

import gguf
import numpy

WIDTH, HIDDEN, LAYERS, HEADS, ROWS = 4096, 11008, 32, 32, 32009

random = numpy.random.default_rng(1)


def blocks(rows, columns, kind):
    """Random rows as bytes."""
    scale = 1 / columns**0.5
    if kind == "bf16":
        words = random.integers(0, 1 << 16, (rows, columns), dtype=numpy.uint16)
        exponent = numpy.uint16((127 + round(numpy.log2(scale))) << 7)
        return ((words & 0x807F) | exponent).view(numpy.uint8).reshape(rows, 2 * columns)
    # Numbers of a block, its bytes, where its f16 scales lie, and the deviation of its integers.
    size, width, scales, deviation = {
        "q8_0": (32, 34, [0], 74), "q4_0": (32, 18, [0], 4.6), "q4_k": (256, 144, [0, 2], 150),
    }[kind]
    data = random.integers(0, 256, (rows * columns // size, width), dtype=numpy.uint8)
    for place in scales:
        data[:, place:place + 2] = numpy.array([scale / deviation], numpy.float16).view(numpy.uint8)
    return data.reshape(rows, columns // size * width)


def write(kind, path):
    types = gguf.GGMLQuantizationType
    stored = {"q8_0": types.Q8_0, "q4_0": types.Q4_0, "q4_k": types.Q4_K, "bf16": types.BF16}[kind]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(ROWS)
    writer.add_tokenizer_model("no_vocab")

    made = {}

    def add(name, rows, columns):
        if (rows, columns) not in made:
            made[rows, columns] = blocks(rows, columns, kind)
        writer.add_tensor(name, made[rows, columns], raw_dtype=stored)

    ones = numpy.ones(WIDTH, numpy.float32)
    add("token_embd.weight", ROWS, WIDTH)
    for layer in range(LAYERS):
        prefix = f"blk.{layer}."
        writer.add_tensor(prefix + "attn_norm.weight", ones)
        writer.add_tensor(prefix + "ffn_norm.weight", ones)
        for name in "attn_q", "attn_k", "attn_v", "attn_output":
            add(f"{prefix}{name}.weight", WIDTH, WIDTH)
        for name in "ffn_gate", "ffn_up":
            add(f"{prefix}{name}.weight", HIDDEN, WIDTH)
        add(prefix + "ffn_down.weight", WIDTH, HIDDEN)
    writer.add_tensor("output_norm.weight", ones)
    add("output.weight", ROWS, WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


write(*sys.argv[1:])
