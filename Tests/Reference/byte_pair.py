"""Tiny byte-level vocabularies and their ids: Fixtures/byte-pair/*.json.

    python byte_pair.py            writes the fixtures
    python byte_pair.py FOLDER     writes FOLDER/cases.json: the ids of FOLDER/tokenizer.json

Each fixture is a tokenizer.json that the package tokenizers trained, and what it makes of many
texts. A folder from outside takes the same texts: Tests/TokenizersTests reads it if the
environment names it in VOKEN_BYTE_PAIR.
"""

import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, \
    pre_tokenizers, processors, trainers

FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures" / "byte-pair"
SIZE = 420

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
         r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}"
         r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")

CORPUS = [
    "Mia the rabbit found a blue ball in the park, and the other rabbits didn't see it.",
    "The quick brown fox jumps over the lazy dog; they've seen it 1234567 times since 2019.",
    "def main():\n    for index in range(10):\n        print(index)\n    return None\n",
    "Where are you going? I'm going to the market, she'll come with us, and we'd like that.",
    "In the beginning there was nothing, and then there was the word, said the old man.",
    "func add(_ a: Int, _ b: Int) -> Int {\n\treturn a + b\n}\n\n// a comment\n",
    "Der Fluss ist für alle schön, und die Straße führt über die Brücke zurück.",
    "Привет, мир! Это было давно, и это было хорошо.", "你好，世界。今天天气很好。",
]

TEXTS = [
    "", " ", "  ", "   ", "\n", "\n\n", "\t", " \n ", "a", " a", "a ", "  a  b   c    d",
    "Mia the rabbit found a blue ball in the park.", "tab\tand\r\nreturn\r\rtwice \r\n\n x",
    "trailing blanks   ", "\n\n  indented\n\t\ttwice\n", "don't we'll they've I'd he's you're I'm",
    "DON'T WE'LL THEY'VE I'D HE'S YOU'RE I'M", "'s 't ' 'x ''s '' rock'n'roll 'sun'", "'\u017f '\u212a",
    "1 12 123 1234 12345 3.14159 1,000,000 0x1F 2024-05-06", "x2y 4th \u00bd \u2167 \u0663\u0664 \u00b2 \u4e09",
    "def f(x):\n    return {'a': [1, 2.5e-3], \"b\": None}  # done\n",
    "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }", "https://example.org/a?b=c&d=%20#e",
    "<html>\n  <p class=\"x\">caf\u00e9 &amp; th\u00e9</p>\n</html>", "snake_case camelCase PascalCase SHOUT",
    "caf\u00e9 cafe\u0301 \u212b \uf900 \u1e9b\u0323", "stra\u00dfe \u0130stanbul \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03a3", "\u01c5 \u02b0 \u00aa",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002", "\u3053\u3093\u306b\u3061\u306f \u4e16\u754c", "\uc548\ub155\ud558\uc138\uc694", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\u05e9\u05dc\u05d5\u05dd", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!",
    "\U0001f430\U0001f955", "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f \U0001f44d\U0001f3fd", "a\U0001f430b \U0001f430 c",
    "a\u00a0b\u3000c\u2028d\u2029e\u0085f\u180eg\u200bh\ufeffi", "\x1ca\x1db\x1ec\x1fd", "nul\x00nul\x01\x02\x04\x06\x7f",
    "@#$%^&*()_+-=[]{}|;:,.<>/?`~\"\\", "...!!!???", "\u2014 \u2013 \u201cquoted\u201d \u2018so\u2019 \u2026", "\u20ac5 \u00a35 $5",
    "x" * 100, "ab" * 60, " " * 50 + "x", "\n" * 20, "!" * 40, "9" * 20, "the " * 20,
    "<|endoftext|>", "a<|endoftext|>b", "a <|endoftext|> b", "<|endof", "<|im_start|>user\nHi<|im_end|>\n",
    "<|endoftext|><|endoftext|>", "[IMG0]", "a [IMG0] b", "a[IMG0][IMG1] [IMG7]\n###", "[IMG8] [IMG",
    "<Img><ImageHere></Img>", "  <left>  <right>  <both>  x", "<left><right><both>", "\x1c<both>\x1c",
    "<both> \u3000\n<left>", "note note\u00e9 \u2126m \u03a9m", "<long><longer><long>er", "\U0010ffff \U000f0000 \U00050000",
]

ALPHABET = [" ", " ", "  ", "\n", "\t", "a", "the", "Rabbit", "ing", "'s", "'LL", "'", "1", "42", "7",
            ".", ",", "!", "(", "_", "\u00e9", "e\u0301", "\u0416", "\u597d", "\U0001f430", "\u00a0", "\u0130", "\r", "-",
            "<|endoftext|>", "<both>", "[IMG0]", "\u0663", "\u094d", "/", "X"]


def texts():
    generator = random.Random(8)
    mixed = ["".join(generator.choice(ALPHABET) for _ in range(generator.randint(2, 12)))
             for _ in range(200)]
    return TEXTS + CORPUS + mixed


def cases(tokenizer):
    """Ids of all texts, and what sequences of random ids print."""
    encoded = [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids}
               for text in texts()]
    for case in encoded:
        case["decoded"] = tokenizer.decode(case["ids"], skip_special_tokens=False)
        if case["decoded"] == case["text"]:
            del case["decoded"]  # nothing was lost
    generator = random.Random(9)
    known = sorted(tokenizer.get_vocab(True).values())
    sequences = [[generator.choice(known) for _ in range(generator.randint(1, 12))]
                 for _ in range(60)]
    decoded = [{"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)}
               for ids in sequences]
    return {"encoded": encoded, "decoded": decoded, "count": tokenizer.get_vocab_size(True)}


def train(pre_tokenizer, alphabet=True, **options):
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    initial = pre_tokenizers.ByteLevel.alphabet() if alphabet else []
    tokenizer.train_from_iterator(CORPUS * 3, trainers.BpeTrainer(
        vocab_size=SIZE, special_tokens=["<|endoftext|>"], initial_alphabet=initial,
        show_progress=False))
    return tokenizer


def byte_level(**options):
    return pre_tokenizers.ByteLevel(**{"add_prefix_space": False} | options)


def split(pattern, **options):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), **{"behavior": "isolated"} | options),
        byte_level(use_regex=False)])


def write(name, tokenizer, change=lambda file: None):
    FIXTURES.mkdir(exist_ok=True)
    file = json.loads(tokenizer.to_str())
    change(file)
    text = json.dumps(file, ensure_ascii=False, separators=(",", ":"))
    (FIXTURES / f"{name}.json").write_text(text + "\n")
    output = cases(Tokenizer.from_str(text))
    if name != "gpt2":
        output["encoded"] = [case for case in output["encoded"] if len(case["ids"]) < 40]
    text = json.dumps(output, separators=(",", ":"))
    (FIXTURES / f"{name}-cases.json").write_text(text + "\n")


def fixtures():
    def merges_as_text(file):
        file["model"]["merges"] = [" ".join(pair) for pair in file["model"]["merges"]]

    write("gpt2", train(byte_level()), merges_as_text)
    # As SmolLM2's, which has not all bytes either.
    digits = [pre_tokenizers.Digits(individual_digits=True), byte_level()]
    write("digits", train(pre_tokenizers.Sequence(digits), alphabet=False))

    file = json.loads(train(split(LLAMA3), ignore_merges=True).to_str())
    # A token that no merges make: only whole is it found.
    file["model"]["vocab"]["\u0120market"] = len(file["model"]["vocab"])
    llama3 = Tokenizer.from_str(json.dumps(file))
    llama3.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    llama3.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(
            single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)])])
    write("llama3", llama3)

    write("gpt4o", train(split(GPT4O, behavior="removed", invert=True)))

    added = train(byte_level(add_prefix_space=True), unk_token="<|endoftext|>", alphabet=False,
                  fuse_unk=True)
    added.normalizer = normalizers.NFC()
    added.add_special_tokens([f"[IMG{i}]" for i in range(8)] + ["<ImageHere>"])
    added.add_special_tokens([AddedToken("<left>", lstrip=True), AddedToken("<right>", rstrip=True),
                              AddedToken("<both>", lstrip=True, rstrip=True)])
    added.add_tokens(["<long>", "<longer>", "note"])
    added.add_tokens([AddedToken("\u2126m", normalized=True)])
    write("added", added)


if __name__ == "__main__" and len(sys.argv) > 1:
    folder = pathlib.Path(sys.argv[1])
    output = cases(Tokenizer.from_file(str(folder / "tokenizer.json")))
    (folder / "cases.json").write_text(json.dumps(output) + "\n")
elif __name__ == "__main__":
    fixtures()
