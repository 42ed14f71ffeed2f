"""Writes the pocket model's folder: one subfolder a stage, each with weights (f16) and config.json.

    python export.py BOOTSTRAP WORK etc/models/pocket
"""
import argparse
import json
import os
import shutil

import torch
from safetensors.torch import save_file

import language
import parts
import vision
from language import Tokens
from train_language import Pocket, load_diffusion


def write_json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        json.dump(value, f, indent=2)
        f.write("\n")


def write_weights(path, module):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    tensors = {k: v.detach().half().contiguous() for k, v in module.state_dict().items()}
    assert all(torch.isfinite(v).all() for v in tensors.values()), path
    save_file(tensors, path, metadata={"format": "pt"})
    os.chmod(path, 0o644)


def copy(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bootstrap")
    p.add_argument("work")
    p.add_argument("target")
    a = p.parse_args()
    out = a.target
    tokens = Tokens(f"{a.bootstrap}/tokenizer.model")

    copy(f"{a.bootstrap}/vae/config.json", f"{out}/vae/config.json")
    vae = parts.load_vae(f"{a.work}/vae" if os.path.exists(f"{a.work}/vae") else f"{a.bootstrap}/vae")
    write_weights(f"{out}/vae/diffusion_pytorch_model.safetensors", vae)

    text, tokenizer, unet = load_diffusion(a.bootstrap, a.work)
    copy(f"{a.bootstrap}/unet/config.json", f"{out}/unet/config.json")
    write_weights(f"{out}/unet/diffusion_pytorch_model.safetensors", unet)
    write_json(f"{out}/scheduler/scheduler_config.json", {"_class_name": "DDIMScheduler", "_diffusers_version": "0.42.1", **parts.SCHEDULER})

    write_weights(f"{out}/text_encoder/model.safetensors", text)
    write_json(f"{out}/text_encoder/config.json", {
        "architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "vocab_size": len(tokenizer.vocab), "hidden_size": parts.WIDTH,
        "intermediate_size": text.HIDDEN, "num_hidden_layers": text.LAYERS, "num_attention_heads": text.HEADS,
        "max_position_embeddings": parts.CONTEXT, "hidden_act": "gelu", "layer_norm_eps": 1e-5, "projection_dim": parts.WIDTH,
        "bos_token_id": tokenizer.start, "eos_token_id": tokenizer.end, "pad_token_id": tokenizer.pad, "torch_dtype": "float16"})
    tokenizer.save(f"{out}/tokenizer")

    model = Pocket(tokens.rows)
    state = torch.load(f"{a.work}/language.pt")
    with torch.no_grad():
        for w, e in zip(model.parameters(), state["ema"]):
            w.copy_(e)
    write_weights(f"{out}/image_encoder/model.safetensors", model.encoder)
    write_json(f"{out}/image_encoder/config.json", {
        "image_size": vision.IMAGE, "patch_size": vision.PATCH, "width": parts.WIDTH, "depth": vision.DEPTH, "heads": vision.HEADS,
        "mlp_hidden": vision.HIDDEN, "layer_norm_eps": 1e-6, "ln_vision_eps": 1e-5,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
        "qformer": {"hidden_size": parts.WIDTH, "num_hidden_layers": vision.QFORMER_LAYERS, "num_attention_heads": vision.HEADS,
                    "intermediate_size": vision.HIDDEN, "layer_norm_eps": 1e-12, "query_tokens": parts.QUERIES,
                    "cross_attention_frequency": vision.CROSS_EVERY},
        "projection_dim": language.DIM})

    write_weights(f"{out}/language_model/model.safetensors", model.lm)
    write_json(f"{out}/language_model/config.json", {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": language.DIM, "intermediate_size": language.FEED,
        "num_hidden_layers": language.LAYERS, "num_attention_heads": language.DIM // language.HEAD_DIM,
        "num_key_value_heads": language.DIM // language.HEAD_DIM, "head_dim": language.HEAD_DIM, "hidden_act": "silu",
        "rms_norm_eps": language.RMS_EPS, "rope_theta": language.ROPE_BASE, "vocab_size": tokens.rows, "max_position_embeddings": 1024,
        "bos_token_id": 1, "eos_token_id": 2, "tie_word_embeddings": False, "attention_bias": False, "mlp_bias": False, "torch_dtype": "float16"})
    copy(f"{a.bootstrap}/tokenizer.model", f"{out}/language_model/tokenizer.model")
    names = [f"[IMG{i}]" for i in range(parts.VOKENS)] + ["<ImageHere>"]
    write_json(f"{out}/language_model/added_tokens.json", {n: tokens.img0 + i for i, n in enumerate(names)})

    write_weights(f"{out}/mapper/model.safetensors", model.mapper)
    write_json(f"{out}/mapper/config.json", {
        "input_dim": language.DIM, "d_model": parts.WIDTH, "heads": 4, "encoder_layers": 2, "decoder_layers": 2, "feed_forward": 512,
        "activation": "relu", "norm_first": True, "layer_norm_eps": 1e-5, "queries": parts.CONTEXT, "vokens": parts.VOKENS})

    copy(f"{a.bootstrap}/judge.safetensors", f"{out}/judge/model.safetensors")
    import world
    write_json(f"{out}/judge/config.json", {
        "image_size": 64, "channels": [32, 64, 96, 128], "norm_num_groups": 8, "squeeze_channels": 48, "features": 192,
        "input": "RGB in [-1, 1]", "heads": [{"name": n, "classes": c} for n, c in parts.HEADS], "places": world.PLACES, "skies": world.SKIES,
        "species": world.SPECIES + [None], "shirts": world.COLOR_NAMES, "kinds": world.ITEMS + [None], "colors": world.COLOR_NAMES})
    total = sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(out) for f in fs)
    print(f"step {state['step']}, {total / 1e6:.2f} MB in all")


if __name__ == "__main__":
    main()
