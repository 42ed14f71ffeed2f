"""Makes schedulers.safetensors and schedulers.json: whole trajectories of every scheduler.

diffusers 0.42.1, torch 2.13.0 (CPU). Usage: python make.py FIXTURES_FOLDER

Each case is run in double precision, and once more as published, in single precision; the two
are compared. The model is a fixed function of what it sees and the timestep. Per case and step
count, `CASE.STEPS.` and

    timesteps  what the model is told at each call
    sigmas     the scheduler's own, where it has them
    scale      of the initial noise
    samples    one row a call, the initial sample first, channels innermost
"""

import json
import sys

import torch
from safetensors.torch import save

from cases import FAMILIES
from reference import CLASSES, trajectory

SEED, SHAPE = 20, (1, 4, 2, 3)
SELF_TEST_SEED, SELF_TEST_SHAPE = 0, (1, 4, 2, 2)
LARGEST_FILE = 1_200_000
# Single precision is that far off where a path over sigma is cut at sigmas rounded to it.
TOLERANCE = {"dpmpp_sde": 1e-2, "dpmpp_3m_sde": 1e-2}
STEPS = {1, 2, 3, 10, 20, 50}


def cases():
    """(name, scheduler, step counts, configuration, seed, shape)"""
    for family in FAMILIES:
        for scheduler, configurations in family.CASES.items():
            assert len(configurations) >= 12, scheduler
            assert STEPS <= {n for steps, _ in configurations.values() for n in steps}, scheduler
            for name, (steps, config) in configurations.items():
                yield f"{scheduler}.{name}", scheduler, steps, config, SEED, SHAPE
            steps, config = family.SELF_TESTS[scheduler]
            yield (f"{scheduler}.self-test", scheduler, [steps], config, SELF_TEST_SEED,
                   SELF_TEST_SHAPE)


def written(scheduler, config):
    """As the scheduler's class would write it."""
    kind = CLASSES[scheduler]
    named = {"_class_name": kind.__name__} if hasattr(kind, "config_name") else {}
    return named | config


def rows(samples):
    return samples.permute(0, 2, 3, 1).flatten(1).float().contiguous()


def check(name, run, samples):
    assert samples.isfinite().all(), f"{name}: not finite"
    timesteps = run.timesteps.tolist()
    # diffusers starts at the second of equal timesteps.
    assert timesteps.count(timesteps[0]) == 1, f"{name}: {timesteps} begins twice"
    assert len(samples) == len(timesteps) + 1


def deviation(samples, single):
    return ((samples - single).abs().max() / samples.abs().max()).item()


def main(folder):
    tensors, listed, worst = {}, [], {}
    for name, scheduler, counts, config, seed, shape in cases():
        listed.append({
            "name": name, "scheduler": scheduler, "steps": counts, "seed": seed, "shape": shape,
            "config": written(scheduler, config)})
        for steps in counts:
            key = f"{name}.{steps}"
            run, samples = trajectory(scheduler, config, steps, seed, shape)
            check(key, run, samples)
            _, single = trajectory(scheduler, config, steps, seed, shape, double=False)
            error = deviation(samples, single)
            assert error < TOLERANCE.get(scheduler, 1e-3), (key, error)
            worst[scheduler] = max(worst.get(scheduler, (0, "")), (error, key))
            tensors[f"{key}.timesteps"] = run.timesteps.float()
            if run.sigmas is not None:
                tensors[f"{key}.sigmas"] = run.sigmas.float().contiguous()
            tensors[f"{key}.scale"] = torch.tensor([run.scale])
            tensors[f"{key}.samples"] = rows(samples)

    assert worst.keys() == CLASSES.keys()
    assert tensors["pndm.latent.50.timesteps"][:5].tolist() == [981, 961, 961, 941, 921]
    assert len(tensors["pndm.latent.50.timesteps"]) == 51
    data = save(tensors)
    assert len(data) < LARGEST_FILE, len(data)
    with open(f"{folder}/schedulers.safetensors", "wb") as file:
        file.write(data)
    with open(f"{folder}/schedulers.json", "w") as file:
        lines = ",\n ".join(json.dumps(case) for case in listed)
        file.write('{"cases": [\n ' + lines + "\n]}\n")
    print(f"{len(listed)} cases, {len(tensors)} tensors, {len(data)} bytes")
    print("single precision differs from double by, of the largest magnitude:")
    for scheduler, (error, key) in worst.items():
        print(f"  {scheduler:18} {error:.1e} in {key}")


if __name__ == "__main__":
    main(sys.argv[1])
