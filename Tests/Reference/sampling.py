"""Makes sampling.safetensors: probabilities after transformers' logits processors and warpers.

transformers 5.23.0, torch 2.13.0 (CPU). Usage: python sampling.py FIXTURES_FOLDER

A case has logits, the ids seen so far, the options (temperature, top_k, top_p,
repetition_penalty), and the probabilities that the next token is drawn from. The order is that of
`generate`: the processor, then the warpers. Logits are rounded to sixteenths, so that there are
ties at the k-th place.
"""

import sys

import torch
from safetensors.torch import save_file
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

VOCABULARY = 61
OPTIONS = [
    (1.0, 0, 1.0, 1.0),
    (1.0, 50, 0.9, 2.0),
    (0.7, 0, 1.0, 1.0),
    (1.0, 7, 1.0, 1.0),
    (1.0, 0, 0.5, 1.0),
    (1.3, 5, 0.6, 1.0),
    (0.01, 50, 0.9, 1.1),
    (1.0, 1, 0.9, 2.0),
    (1.0, 100, 0.001, 1.0),
]


def probabilities(logits, seen, temperature, top_k, top_p, penalty):
    steps = LogitsProcessorList()
    if penalty != 1:
        steps.append(RepetitionPenaltyLogitsProcessor(penalty))
    if temperature != 1:
        steps.append(TemperatureLogitsWarper(temperature))
    if top_k > 0:
        steps.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        steps.append(TopPLogitsWarper(top_p))
    return steps(seen[None], logits[None].clone()).softmax(-1)[0]


def main():
    torch.manual_seed(7)
    tensors = {}
    for number, options in enumerate(OPTIONS):
        logits = (torch.randn(VOCABULARY) * 3 * 16).round() / 16
        seen = torch.randint(VOCABULARY, (9,))
        tensors |= {
            f"{number}.logits": logits,
            f"{number}.seen": seen.float(),
            f"{number}.options": torch.tensor(options),
            f"{number}.probabilities": probabilities(logits, seen, *options),
        }
    save_file(tensors, f"{sys.argv[1]}/sampling.safetensors")


main()
