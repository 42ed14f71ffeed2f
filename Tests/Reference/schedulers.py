"""Makes schedulers.safetensors and schedulers.json: whole trajectories of diffusers' schedulers.

diffusers 0.42.1, torch 2.13.0 (CPU). Usage: python schedulers.py FIXTURES_FOLDER

Each case is run in double precision: the schedulers' own code, with float32 replaced by float64
while they build their tables. It is run once more as published, in single precision, and the two
are compared. The model is a fixed function of the sample and the timestep. Samples are stored
with channels innermost, one row a call, the initial sample first.
"""

import json
import sys
from unittest import mock

import torch
from diffusers import DDIMScheduler, PNDMScheduler
from safetensors.torch import save_file

SHAPE = (1, 3, 2, 2)
SEED = 20
CLASSES = {"ddim": DDIMScheduler, "pndm": PNDMScheduler}
STEPS = [1, 2, 3, 10, 20, 50]

LATENT = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000, "set_alpha_to_one": False, "steps_offset": 1,
    "clip_sample": False,
}
PLMS = LATENT | {"skip_prk_steps": True}

# name: scheduler, steps, configuration, eta
CASES = {
    "ddim.latent": ("ddim", STEPS, LATENT, 0),
    "ddim.linspace": ("ddim", STEPS, LATENT | {"timestep_spacing": "linspace"}, 0),
    "ddim.trailing": ("ddim", STEPS, LATENT | {"timestep_spacing": "trailing"}, 0),
    "ddim.velocity": ("ddim", STEPS, LATENT | {"prediction_type": "v_prediction"}, 0),
    "ddim.sample": ("ddim", STEPS, LATENT | {"prediction_type": "sample"}, 0),
    "ddim.defaults": ("ddim", [3, 20], {}, 0),
    "ddim.cosine": ("ddim", [3, 20], LATENT | {"beta_schedule": "squaredcos_cap_v2"}, 0),
    "ddim.clipped": (
        "ddim", [3, 20],
        LATENT | {"clip_sample": True, "clip_sample_range": 0.75, "prediction_type": "sample"}, 0,
    ),
    "ddim.zero-snr": (
        "ddim", [1, 3, 20],
        LATENT | {
            "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
            "prediction_type": "v_prediction",
        },
        0,
    ),
    "ddim.eta": ("ddim", [3, 20], LATENT, 0.6),
    "ddim.ddpm": ("ddim", [1, 10], LATENT | {"set_alpha_to_one": True}, 1.0),
    "pndm.latent": ("pndm", STEPS, PLMS, 0),
    "pndm.linspace": ("pndm", STEPS, PLMS | {"timestep_spacing": "linspace"}, 0),
    "pndm.trailing": ("pndm", STEPS, PLMS | {"timestep_spacing": "trailing"}, 0),
    "pndm.velocity": ("pndm", STEPS, PLMS | {"prediction_type": "v_prediction"}, 0),
    "pndm.one-at-end": ("pndm", [3, 20], PLMS | {"set_alpha_to_one": True}, 0),
    "pndm.runge-kutta": ("pndm", [4, 10, 50], LATENT, 0),
    "pndm.runge-kutta-linspace": (
        "pndm", [4, 10], LATENT | {"timestep_spacing": "linspace"}, 0),
    "pndm.runge-kutta-velocity": (
        "pndm", [5, 20], LATENT | {"prediction_type": "v_prediction"}, 0),
    "pndm.defaults": ("pndm", [7], {}, 0),
}


def model(sample, timestep):
    return torch.sin(sample) * (0.5 + timestep / 2000) + 0.1


def make(name, config, double):
    """A scheduler whose tables are in double precision, or as published."""
    kind = CLASSES[name]
    known = {key: value for key, value in config.items() if key in kind._get_init_keys(kind)}
    if not double:
        return kind(**known)
    with mock.patch.object(torch, "float32", torch.float64):
        scheduler = kind(**known)
    assert scheduler.alphas_cumprod.dtype == torch.float64
    return scheduler


def run(name, config, steps, eta, double):
    scheduler = make(name, config, double)
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(SEED)
    sample = torch.randn(SHAPE, generator=generator)
    sample = sample.double() if double else sample
    samples = [sample]
    for timestep in scheduler.timesteps.tolist():
        options = {}
        if eta > 0:
            # Always drawn in single precision, as a pipeline does.
            noise = torch.randn(SHAPE, generator=generator)
            options = {"eta": eta, "variance_noise": noise.to(sample.dtype)}
        sample = scheduler.step(model(sample, timestep), timestep, sample, **options).prev_sample
        samples.append(sample)
    return scheduler.timesteps, torch.cat(samples).permute(0, 2, 3, 1).flatten(1)


tensors, cases, worst = {}, [], 0.0
for name, (scheduler, steps, config, eta) in CASES.items():
    cases.append(
        {"name": name, "scheduler": scheduler, "steps": steps, "eta": eta, "config": config})
    for count in steps:
        timesteps, samples = run(scheduler, config, count, eta, double=True)
        _, single = run(scheduler, config, count, eta, double=False)
        error = ((samples - single).abs().max() / samples.abs().max()).item()
        worst = max(worst, error)
        assert error < 1e-3, (name, count, error)
        tensors[f"{name}.{count}.timesteps"] = timesteps.float()
        tensors[f"{name}.{count}.samples"] = samples.float().contiguous()

assert tensors["pndm.latent.50.timesteps"][:5].tolist() == [981, 961, 961, 941, 921]
assert len(tensors["pndm.latent.50.timesteps"]) == 51
folder = sys.argv[1]
save_file(tensors, f"{folder}/schedulers.safetensors")
with open(f"{folder}/schedulers.json", "w") as file:
    json.dump({"cases": cases}, file, indent=1)
    file.write("\n")
print(f"single precision differs by up to {worst:.1e} of the largest magnitude")
