"""One scheduler, open loop, in double precision: what `voken schedulers trace` is checked against.

Usage: python trace.py CONFIG.json STEPS SAMPLE.safetensors OUTPUTS.safetensors SEED OUT.safetensors
       [--scheduler NAME]

CONFIG.json is diffusers' (`_class_name` and options) with the options that diffusers takes when
it runs, as in schedulers.json; --scheduler names one that diffusers lacks. SAMPLE holds `sample`,
the initial one at the scale that the scheduler starts from; OUTPUTS the model's outputs `0000`,
`0001`, ... one a call. OUT receives `timesteps`, `sigmas` where the scheduler has them, and the
sample after each call, `0000`, `0001`, ... Noise comes from torch's CPU generator seeded with
SEED, in the shape of the sample, in the order of the calls.
"""

import argparse
import json

import torch
from safetensors.torch import load_file, save_file

from reference import CLASSES, Run


def named(config, scheduler):
    if scheduler is not None:
        return scheduler
    # The first of those of one class; they differ in options alone.
    return next(
        name for name, kind in CLASSES.items() if kind.__name__ == config.get("_class_name"))


def trace(name, config, steps, sample, outputs, seed):
    """The tensors of OUT."""
    run = Run(name, config, steps, torch.Generator().manual_seed(seed), double=True)
    traced = {"timesteps": run.timesteps.float()}
    if run.sigmas is not None:
        traced["sigmas"] = run.sigmas.float().contiguous()
    sample = sample.double()
    for call in range(len(run.timesteps)):
        run.seen(sample, call)
        sample = run.step(sample, outputs[f"{call:04}"].double(), call)
        traced[f"{call:04}"] = sample.float().contiguous()
    return traced


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for argument in ("config", "steps", "sample", "outputs", "seed", "out"):
        parser.add_argument(argument)
    parser.add_argument("--scheduler", choices=CLASSES)
    given = parser.parse_args()
    with open(given.config) as file:
        config = json.load(file)
    save_file(
        trace(
            named(config, given.scheduler), config, int(given.steps),
            load_file(given.sample)["sample"], load_file(given.outputs), int(given.seed)),
        given.out)
