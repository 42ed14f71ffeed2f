"""What the package sentencepiece makes of 1,000 lines by a model from outside.

    python sentence_piece.py FOLDER    writes FOLDER/cases.json: the ids of FOLDER/tokenizer.model

Tests/TokenizersTests reads the folder if the environment names it in VOKEN_SENTENCE_PIECE. (The
package mistral-common carries such models.)
"""

import json
import pathlib
import random
import sys

import sentencepiece

import byte_pair

SPECIAL = ["<s>", "</s>", "<unk>", "<ImageHere>", *(f"[IMG{i}]" for i in range(8))]


def lines(count):
    """All texts of the byte-pair tests, and mixtures of their words, without special tokens."""
    generator = random.Random(10)
    texts = byte_pair.texts()
    words = [word for text in texts for word in text.split(" ")]
    while len(texts) < 2 * count:
        texts.append(" ".join(generator.choice(words) for _ in range(generator.randint(1, 16))))
    return [text for text in texts if not any(token in text for token in SPECIAL)][:count]


folder = pathlib.Path(sys.argv[1])
model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
texts = lines(1000)
assert len(texts) == 1000
encoded = [{"text": text, "ids": model.encode(text)} for text in texts]
for case in encoded:
    case["decoded"] = model.decode(case["ids"])
output = {"count": model.get_piece_size(), "encoded": encoded}
(folder / "cases.json").write_text(json.dumps(output) + "\n")
