"""Tiny LLaMAs by transformers, with random weights and a tiny tokenizer: Tests/Fixtures/models/
llama (heads in groups), llama-tied, llama-lora (a base model and MiniGPT-5's stage-2 names) and
llama-plain (a Llama 3: byte-level tokenizer without vokens, stretched positions).
"""

import torch
import sentencepiece
from transformers import LlamaConfig, LlamaForCausalLM

import byte_pair
from stage_fixture import MODELS, randomise, save, write

PIECES, ADDED = 300, 9
TEXT = ["the red cat sees the blue bird. ", "a blue bird sees the red cat. "] * 40
SIZES = {
    "vocab_size": PIECES + ADDED, "hidden_size": 24, "intermediate_size": 20,
    "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 4,
    "rms_norm_eps": 0.05, "max_position_embeddings": 64, "hidden_act": "silu",
}
BASE = 5000.0
RANK, ALPHA = 3, 5
TARGETS = ["q_proj", "v_proj"]


def write_tokenizer(folder):
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(TEXT))
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(folder / "tokenizer"), vocab_size=PIECES,
        model_type="bpe", byte_fallback=True, minloglevel=2, normalization_rule_name="identity")
    corpus.unlink()
    (folder / "tokenizer.vocab").unlink()


def model(seed, **options):
    config = LlamaConfig(**{"rope_theta": BASE} | SIZES | options)
    llama = randomise(LlamaForCausalLM(config), seed)
    if "rope_parameters" not in options:
        angle = llama.model.rotary_emb.inv_freq[1]
        assert torch.isclose(angle, torch.tensor(BASE ** -0.5).double())
    return llama


def run(llama, tokens=11):
    ids = torch.randint(0, llama.config.vocab_size, (1, tokens))
    with torch.no_grad():
        states = llama.model(inputs_embeds=llama.get_input_embeddings()(ids)).last_hidden_state
        logits = llama.lm_head(states)
    return {"ids": ids[0], "hidden": states[0], "logits": logits[0]}


def plain():
    llama = model(7)
    config = SIZES | {"rope_theta": BASE, "tie_word_embeddings": False}
    write_tokenizer(write("llama", config, llama.state_dict(), run(llama)))


def tied():
    """Without groups, and with the base of positions where newer files have it."""
    sizes = {"tie_word_embeddings": True, "num_key_value_heads": 6, "num_hidden_layers": 1}
    llama = model(9, **sizes)
    tensors = {k: v for k, v in llama.state_dict().items() if k != "lm_head.weight"}
    config = SIZES | sizes | {"rope_parameters": {"rope_type": "default", "rope_theta": BASE}}
    write_tokenizer(write("llama-tied", config, tensors, run(llama)))


def lora():
    """The base model has fewer rows than the tables that were trained beside the adapters."""
    llama = model(11)
    base = {k: v.clone() for k, v in llama.state_dict().items()}
    adapter = {}
    prefix = "model.llama_model.base_model.model."
    for table in ("model.embed_tokens", "lm_head"):
        adapter[f"{prefix}{table}.modules_to_save.default.weight"] = base[f"{table}.weight"]
        base[f"{table}.weight"] = torch.randn(PIECES + 1, SIZES["hidden_size"])
    for index, layer in enumerate(llama.model.layers):
        for target in TARGETS:
            projection = getattr(layer.self_attn, target)
            a = torch.randn(RANK, projection.in_features)
            b = torch.randn(projection.out_features, RANK) / 10
            name = f"{prefix}model.layers.{index}.self_attn.{target}"
            adapter[f"{name}.lora_A.default.weight"] = a
            adapter[f"{name}.lora_B.default.weight"] = b
            with torch.no_grad():
                projection.weight += ALPHA / RANK * b.double() @ a.double()
    config = SIZES | {
        "rope_theta": BASE, "tie_word_embeddings": False,
        "lora": {"r": RANK, "lora_alpha": ALPHA, "target_modules": TARGETS, "bias": "none"},
    }
    folder = write("llama-lora", config, base, run(llama), weights="base.safetensors")
    save(folder / "stage2.safetensors", adapter)
    write_tokenizer(folder)


def plain_llama3():
    """Heads of all widths together are wider than the model, and all share one of keys."""
    tokenizer = byte_pair.train(byte_pair.byte_level())
    sizes = {
        "vocab_size": tokenizer.get_vocab_size(True), "hidden_size": 20, "num_attention_heads": 4,
        "num_key_value_heads": 1, "head_dim": 8, "tie_word_embeddings": True, "bos_token_id": 0,
        "eos_token_id": [0, 3], "max_position_embeddings": 256,
    }
    # Of the four pairs of channels one turns as ever, one is between, two are stretched.
    scaling = {
        "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 128,
    }
    kind = {"rope_type": "llama3"}
    llama = model(13, **sizes, rope_parameters=scaling | kind | {"rope_theta": BASE})
    assert torch.isclose(
        llama.model.rotary_emb.inv_freq[3], torch.tensor(BASE ** -0.75 / 4).double())
    tensors = {k: v for k, v in llama.state_dict().items() if k != "lm_head.weight"}
    config = SIZES | sizes | {"rope_theta": BASE, "rope_scaling": scaling | kind}
    folder = write("llama-plain", config, tensors, run(llama, tokens=40))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)


MODELS.mkdir(parents=True, exist_ok=True)
plain()
tied()
lora()
plain_llama3()
