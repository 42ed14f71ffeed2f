"""Tiny checkpoints of every kind that `voken import` takes, under their published names, as torch,
transformers and gguf write them: Tests/Fixtures/published.

The base is a Vicuna v0 in miniature: 300 pieces and one more row, in 16-bit floats, in two files. The
checkpoints' tables were "trained" from it as MiniGPT-5's are: rounded to bf16, shrunk by weight decay,
nine rows more.
"""

import argparse
import json
import pathlib
import shutil

import gguf
import numpy
import sentencepiece
import torch

FOLDER = pathlib.Path(__file__).parent.parent / "Fixtures" / "published"
TOKENIZER = FOLDER.parent / "models" / "llama-lora" / "tokenizer.model"
PIECES, ROWS, WIDTH, FEED, LAYERS, HEADS, HEAD = 300, 309, 16, 12, 2, 2, 8
MAPPED, QUERIES, RANK = 8, 5, 8
LIMIT = 300_000  # bytes of all files


def numbers(*shape, scale=None):
    return torch.randn(shape) * (scale or shape[-1] ** -0.5)


def base():
    """A transformers folder of two .bin files."""
    state = {"model.embed_tokens.weight": numbers(PIECES + 1, WIDTH),
             "lm_head.weight": numbers(PIECES + 1, WIDTH),
             "model.norm.weight": 1 + numbers(WIDTH, scale=0.2)}
    for layer in range(LAYERS):
        p = f"model.layers.{layer}."
        for name in "qkvo":
            state[p + f"self_attn.{name}_proj.weight"] = numbers(HEADS * HEAD, WIDTH)
        state[p + "self_attn.rotary_emb.inv_freq"] = torch.arange(HEAD // 2).float()
        state[p + "mlp.gate_proj.weight"] = numbers(FEED, WIDTH)
        state[p + "mlp.up_proj.weight"] = numbers(FEED, WIDTH)
        state[p + "mlp.down_proj.weight"] = numbers(WIDTH, FEED)
        for name in ["input_layernorm", "post_attention_layernorm"]:
            state[p + name + ".weight"] = 1 + numbers(WIDTH, scale=0.2)
    state = {name: value.half() for name, value in state.items()}
    folder = FOLDER / "vicuna"
    folder.mkdir(parents=True)
    names = sorted(state)
    half = len(names) // 2
    shards = {}
    for index, part in enumerate([names[:half], names[half:]]):
        file = f"pytorch_model-0000{index + 1}-of-00002.bin"
        torch.save({name: state[name] for name in part}, folder / file)
        shards |= {name: file for name in part}
    write_json(folder / "pytorch_model.bin.index.json",
               {"metadata": {"total_size": 0}, "weight_map": shards})
    write_json(folder / "config.json", {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "vocab_size": PIECES + 1, "hidden_size": WIDTH, "intermediate_size": FEED,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "rms_norm_eps": 1e-6,
        "max_position_embeddings": 64, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": -1,
        "torch_dtype": "float16"})
    shutil.copy(TOKENIZER, folder / "tokenizer.model")
    return state


def trained(table, decay):
    rounded = table.bfloat16().float()
    rows = torch.cat([rounded[:PIECES], rounded[:PIECES].mean(0, keepdim=True).repeat(9, 1)])
    rows = rows * decay
    rows[PIECES:] += numbers(9, WIDTH, scale=0.01)
    return rows


def mapper():
    transformer = torch.nn.Transformer(
        MAPPED, 8, num_encoder_layers=1, num_decoder_layers=2, dim_feedforward=FEED,
        norm_first=True, batch_first=True)
    for parameter in transformer.parameters():
        parameter.data = numbers(*parameter.shape)
    return {f"llm_to_t2i_mapping.{n}": p.data for n, p in transformer.named_parameters()}


def lightning(path, state):
    """What Lightning writes around a state dictionary, an object of a class among it."""
    torch.save({
        "epoch": 1, "global_step": 7, "pytorch-lightning_version": "2.1.0", "state_dict": state,
        "loops": {}, "callbacks": {}, "lr_schedulers": [], "optimizer_states": [],
        "hyper_parameters": argparse.Namespace(lr=2e-5, is_stage2=False)}, path)


def minigpt5(state):
    first = {
        "model.llama_model.model.embed_tokens.weight":
            trained(state["model.embed_tokens.weight"], 0.988),
        "model.llama_model.lm_head.weight": trained(state["lm_head.weight"], 0.988),
        "t2i_decoder_prompt": numbers(1, QUERIES, MAPPED),
        "fc.0.weight": numbers(MAPPED, WIDTH), "fc.0.bias": numbers(MAPPED),
        "fc.2.weight": numbers(MAPPED, MAPPED), "fc.2.bias": numbers(MAPPED)} | mapper()
    lightning(FOLDER / "stage1.ckpt", first)
    wrapped = "llama_model.base_model.model."
    tables = {"model.embed_tokens": "model.embed_tokens.weight", "lm_head": "lm_head.weight"}
    second = mapper()
    for module, name in tables.items():
        second[f"{wrapped}{module}.modules_to_save.default.weight"] = trained(state[name], 0.979)
        second[f"{wrapped}{module}.original_module.weight"] = state[name].float()[:2].clone()
    for layer in range(LAYERS):
        for name in "qv":
            p = f"{wrapped}model.layers.{layer}.self_attn.{name}_proj."
            second[p + "lora_A.default.weight"] = numbers(RANK, WIDTH)
            second[p + "lora_B.default.weight"] = numbers(HEADS * HEAD, RANK, scale=0.1)
    lightning(FOLDER / "stage2.ckpt", second)


def vision():
    """EVA (one block more than is used), BLIP-2 and MiniGPT-4's projection, whose sizes are not
    the published ones', so that a config.json says them."""
    folder = FOLDER / "vision"
    folder.mkdir()
    width, hidden, depth, patches, q, queries, qhidden = 8, 12, 2, 4, 6, 3, 10
    eva = {"cls_token": numbers(1, 1, width), "pos_embed": numbers(1, 1 + patches, width),
           "patch_embed.proj.weight": numbers(width, 3, 4, 4),
           "patch_embed.proj.bias": numbers(width), "norm.weight": numbers(width),
           "head.weight": numbers(2, width)}
    for block in range(depth + 1):
        p = f"blocks.{block}."
        for name, shape in {
                "norm1.weight": [width], "norm1.bias": [width], "norm2.weight": [width],
                "norm2.bias": [width], "attn.q_bias": [width], "attn.v_bias": [width],
                "attn.qkv.weight": [3 * width, width], "attn.proj.weight": [width, width],
                "attn.proj.bias": [width], "mlp.fc1.weight": [hidden, width],
                "mlp.fc1.bias": [hidden], "mlp.fc2.weight": [width, hidden],
                "mlp.fc2.bias": [width]}.items():
            eva[p + name] = numbers(*shape)
    torch.save({name: value.half() for name, value in eva.items()}, folder / "eva.pth")
    blip = {"query_tokens": numbers(1, queries, q), "ln_vision.weight": numbers(width),
            "ln_vision.bias": numbers(width), "t5_proj.weight": numbers(2, q),
            "t5_proj.bias": numbers(2),
            "Qformer.bert.embeddings.LayerNorm.weight": numbers(q),
            "Qformer.bert.embeddings.LayerNorm.bias": numbers(q),
            "Qformer.bert.embeddings.position_ids": torch.arange(8)[None]}
    for layer in range(2):
        p = f"Qformer.bert.encoder.layer.{layer}."
        kinds = {"attention": q} | ({"crossattention": width} if layer == 0 else {})
        for kind, source in kinds.items():
            for name in ["query", "key", "value"]:
                inputs = q if name == "query" else source
                blip[f"{p}{kind}.self.{name}.weight"] = numbers(q, inputs)
                blip[f"{p}{kind}.self.{name}.bias"] = numbers(q)
            blip[f"{p}{kind}.output.dense.weight"] = numbers(q, q)
            blip[f"{p}{kind}.output.dense.bias"] = numbers(q)
            blip[f"{p}{kind}.output.LayerNorm.weight"] = numbers(q)
            blip[f"{p}{kind}.output.LayerNorm.bias"] = numbers(q)
        blip[p + "intermediate_query.dense.weight"] = numbers(qhidden, q)
        blip[p + "intermediate_query.dense.bias"] = numbers(qhidden)
        blip[p + "output_query.dense.weight"] = numbers(q, qhidden)
        blip[p + "output_query.dense.bias"] = numbers(q)
        blip[p + "output_query.LayerNorm.weight"] = numbers(q)
        blip[p + "output_query.LayerNorm.bias"] = numbers(q)
    torch.save({"model": blip}, folder / "blip2.pth")
    torch.save({"model": {"llama_proj.weight": numbers(WIDTH, q), "llama_proj.bias": numbers(WIDTH)},
                "optimizer": {}, "config": {}, "scaler": {}, "epoch": 1}, folder / "projection.pth")
    torch.save({"model": {"llama_proj.weight": torch.zeros(5120, 1),
                          "llama_proj.bias": torch.zeros(1)}}, FOLDER / "projection13b.pth")
    write_json(folder / "config.json", {
        "image_size": 8, "patch_size": 4, "width": width, "depth": depth, "heads": 2,
        "mlp_hidden": hidden, "projection_dim": WIDTH,
        "qformer": {"hidden_size": q, "num_hidden_layers": 2, "num_attention_heads": 2,
                    "intermediate_size": qhidden, "query_tokens": queries}})


def quantised(state):
    """The base as llama.cpp writes it: rows of q and k for rotations of neighbours."""
    writer = gguf.GGUFWriter(FOLDER / "vicuna.gguf", "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(HEAD)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(TOKENIZER))
    types = gguf.TokenType
    kinds = [types.UNKNOWN if pieces.is_unknown(i) else types.CONTROL if pieces.is_control(i)
             else types.BYTE if pieces.is_byte(i) else types.NORMAL for i in range(PIECES)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([pieces.id_to_piece(i) for i in range(PIECES)] + ["[PAD]"])
    writer.add_token_scores([pieces.get_score(i) for i in range(PIECES)] + [0.0])
    writer.add_token_types(kinds + [types.USER_DEFINED])
    writer.add_remove_extra_whitespaces(True)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    outer = {"model.embed_tokens.weight": "token_embd.weight", "lm_head.weight": "output.weight",
             "model.norm.weight": "output_norm.weight"}
    inner = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
             "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
             "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
             "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
    for name, value in state.items():
        if name.endswith("inv_freq"):
            continue
        array = value.float().numpy() if value.dim() < 2 else value.numpy()
        if name in outer:
            writer.add_tensor(outer[name], array)
            continue
        _, _, layer, rest = name.split(".", 3)
        if rest.startswith(("self_attn.q", "self_attn.k")):
            array = (array.reshape(HEADS, 2, HEAD // 2, WIDTH).swapaxes(1, 2)
                     .reshape(array.shape))
        writer.add_tensor(f"blk.{layer}.{inner[rest.removesuffix('.weight')]}.weight",
                          numpy.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    torch.manual_seed(17)
    FOLDER.mkdir()
    state = base()
    minigpt5(state)
    vision()
    quantised(state)
    files = [file for file in FOLDER.rglob("*") if file.is_file()]
    for file in files:
        file.chmod(0o644)
    size = sum(file.stat().st_size for file in files)
    assert size < LIMIT, size
