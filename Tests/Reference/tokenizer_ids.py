"""Ids and texts of the reference tokenizers: Fixtures/tokenizers.json, Fixtures/clip/.

    pip install transformers==4.31.0 sentencepiece==0.2.0 open-clip-torch==3.3.0
    python tokenizer_ids.py

LLaMA: the slow tokenizer of transformers 4.31.0, legacy, set up as MiniGPT-5 does, over
Fixtures/tokenizer.model. CLIP: the fast tokenizer of the same version, over the first merges of
CLIP's own vocabulary, which open-clip-torch carries.
"""

import gzip
import importlib.util
import json
import pathlib
import random
import shutil
import tempfile

from transformers import CLIPTokenizerFast, LlamaTokenizer

FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures"
MERGES = 600

LLAMA_TEXTS = [
    "", " ", "  ", "Mia", " Mia", "Mia ", "###", "###Human:", "[IMG7] ###", "[IMG7]###",
    "[IMG0]", "[IMG0][IMG1][IMG2][IMG3][IMG4][IMG5][IMG6][IMG7]",
    "[IMG0] [IMG1] [IMG2] [IMG3] [IMG4] [IMG5] [IMG6] [IMG7]",
    "Mia the rabbit found a blue ball in the park. [IMG0]", "the park.[IMG0]", "park.  \n [IMG0]",
    "<Img><ImageHere></Img>", "<Img> <ImageHere> </Img>", "story:\n<ImageHere>\nthe park",
    "two  spaces", "  three   spaces  ", "line\nline\n\nline", "tab\tand\r\nreturn",
    "a <s> b", "a</s>", "</s>a", "a <unk> b", "<unk><s></s>", "<s>[IMG0]</s>", "<s> [IMG0] </s>",
    " [IMG3] <unk> [IMG4] ", "<s", "[IMG8]", "[IMG", "[IMG01]", "<ImageHere", "[[IMG0]]",
    "caf\u00e9 cafe\u0301", "\u5154\u5b50", "\U0001f430\U0001f955", "\u00a0Mia\u00a0[IMG0]",
    "\u3000[IMG1]\u3000x", "\u200b[IMG2]\u200by", "\x1c[IMG3]\x1dz", "\u0085[IMG4]\u0085w",
    "\u2581Mia\u2581park", "nul\x00nul", "\x00", "\ufeffMia", "\u202eMia", "x" * 300,
    "[IMG0]  [IMG1]\n[IMG2]\t[IMG3]", "[IMG0] \u2581 [IMG1]", "a[IMG0]\u0301b",
    "Give the following images in <Img>ImageContent</Img> format. ###Human: <Img><ImageHere></Img>"
    " Tell me the next scene with image. ###Assistant:",
]

CLIP_TEXTS = [
    "", " ", "a cat", "A Cat", "a  cat\n on\ta mat", "a photo of a cat!", "hello!!! world", "!",
    "don't we'll they've I'd he's you're I'm", "DON'T", "'sun", "rock'n'roll", "!'s", "''s",
    "1 12 2024 3.14", "x2y", "\u00bd \u2167 \u0663", "caf\u00e9", "cafe\u0301", "\u5154\u5b50",
    "\U0001f430\U0001f955", "stra\u00dfe \u0130stanbul \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03a3",
    "a\u00a0b\u3000c", "\u200bzero", "under_score snake-case", "<|endoftext|>", "<|startoftext|>a",
    "a <|ENDOFTEXT|> b", "a<|endoftext|>b !", "<|endof", "@#$%^&*()", "\u0644\u0627 \u05e9\u05dc",
    "nul\x00nul", "e\u0300\u0301", "\u1e9b\u0323", "\u212b \uf900", "\u0600a", "a\u0308b",
    "the " * 90, "ball, rabbit, park, forest at night with a red hat",
]


def random_text(generator, alphabet):
    return "".join(generator.choice(alphabet) for _ in range(generator.randint(1, 14)))


def llama():
    alphabet = ["[IMG0]", "[IMG5]", "<ImageHere>", "<s>", "</s>", "<unk>", " ", "  ", "\n", "Mia",
                " the ", "rabbit", ".", "###", "\u00e9", "\U0001f430", "<Img>", "</Img>", "\u2581"]
    generator = random.Random(5)
    texts = LLAMA_TEXTS + [random_text(generator, alphabet) for _ in range(200)]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(FIXTURES / "tokenizer.model", folder)
        config = {"tokenizer_class": "LlamaTokenizer", "legacy": True}
        (pathlib.Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
        tokenizer = LlamaTokenizer.from_pretrained(folder, use_fast=False)
    tokenizer.pad_token = tokenizer.eos_token
    added = [f"[IMG{i}]" for i in range(8)] + ["<ImageHere>"]
    tokenizer.add_special_tokens({"additional_special_tokens": added})

    def decode(ids):
        return tokenizer.decode(ids, clean_up_tokenization_spaces=False)

    encoded = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False)
        encoded.append({"text": text, "ids": ids, "decoded": decode(ids)})
    sequences = [[generator.choice([0, 1, 2, *range(3, 20), 226, *range(259, 1033)])
                  for _ in range(generator.randint(1, 12))] for _ in range(100)]
    sequences.append([0, *tokenizer.encode("some text [IMG0] ###", add_special_tokens=False)])
    decoded = [{"ids": ids, "decoded": decode(ids)} for ids in sequences]
    return {"rows": len(tokenizer), "encoded": encoded, "decoded": decoded}


def clip():
    package = pathlib.Path(importlib.util.find_spec("open_clip").origin).parent
    lines = gzip.open(package / "bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8").readlines()
    merges = [tuple(line.split()) for line in lines[1:MERGES + 1]]
    printable = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    rest = [byte for byte in range(256) if byte not in printable]
    symbols = [chr(byte) for byte in printable] + [chr(0x100 + i) for i in range(len(rest))]
    tokens = symbols + [symbol + "</w>" for symbol in symbols] + ["".join(m) for m in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder = FIXTURES / "clip"
    folder.mkdir(exist_ok=True)
    vocabulary = {token: index for index, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n")
    text = "#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in merges)
    (folder / "merges.txt").write_text(text)

    generator = random.Random(6)
    alphabet = ["a", "the", " ", "'", "s", "ll", "!", "1", "\u00e9", "\u0301", "ball", "\U0001f430",
                "<|endoftext|>", "-", "T", "\u03a3"]
    texts = CLIP_TEXTS + [random_text(generator, alphabet) for _ in range(150)]
    cases = {}
    for name, padding in [("end", "<|endoftext|>"), ("exclamation", "!")]:
        # From a folder, as everybody loads it: only then are the special tokens cut out of a text.
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            special = {"bos_token": tokens[-2], "eos_token": tokens[-1], "unk_token": tokens[-1],
                       "pad_token": padding}
            (pathlib.Path(copy) / "special_tokens_map.json").write_text(json.dumps(special))
            tokenizer = CLIPTokenizerFast.from_pretrained(copy)
        cases[name] = [{
            "text": text,
            "ids": tokenizer(text, padding="max_length", max_length=77, truncation=True).input_ids,
        } for text in texts]
    return cases


def trimmed(cases):
    """Without the padding after position 24, which the test knows."""
    for case in cases:
        ids = case["ids"]
        while len(ids) > 24 and ids[-1] == ids[-2]:
            ids.pop()
    return cases


output = {"llama": llama(), "clip": {name: trimmed(cases) for name, cases in clip().items()}}
(FIXTURES / "tokenizers.json").write_text(json.dumps(output, separators=(",", ":")) + "\n")
