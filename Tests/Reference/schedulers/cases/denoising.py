"""DDPM, DDIM and its inverse."""

from .common import *

CASES = {
    "ddim": {
        "latent": ([1, 50], UNCLIPPED | {"set_alpha_to_one": False}),
        "linspace": ([2, 20], UNCLIPPED | LINSPACE | {"set_alpha_to_one": False}),
        "trailing": ([3, 10], UNCLIPPED | TRAILING),
        "velocity": ([3, 20], UNCLIPPED | VELOCITY | {"set_alpha_to_one": False}),
        "sample": ([2, 20], UNCLIPPED | SAMPLE | {"set_alpha_to_one": False}),
        "defaults": ([3, 20], {}),
        "cosine": ([3, 20], UNCLIPPED | COSINE),
        "clipped": ([3, 20], LATENT | SAMPLE | {"clip_sample": True, "clip_sample_range": 0.75}),
        "clipped-noise": (
            [10], LATENT | {"clip_sample": True, "use_clipped_model_output": True, "eta": 0.3}),
        "thresholding": ([10], UNCLIPPED | THRESHOLDING),
        "zero-snr": ([1, 20], UNCLIPPED | ZERO_SNR),
        "eta": ([3, 20], UNCLIPPED | {"eta": 0.6, "set_alpha_to_one": False}),
        "as-ddpm": ([1, 10], UNCLIPPED | {"eta": 1.0}),
        "eta-velocity": ([10], UNCLIPPED | VELOCITY | TRAILING | {"eta": 0.5}),
        "trained": ([10], TRAINED | {"clip_sample": False}),
    },
    "ddim_inverse": {
        "latent": ([1, 50], UNCLIPPED | {"set_alpha_to_one": False}),
        "to-one": ([2, 20], UNCLIPPED),
        "trailing": ([3, 10], UNCLIPPED | TRAILING),
        "trailing-velocity": ([20], UNCLIPPED | TRAILING | VELOCITY),
        "velocity": ([3, 20], UNCLIPPED | VELOCITY),
        "sample": ([2, 10], UNCLIPPED | SAMPLE | {"set_alpha_to_one": False}),
        "defaults": ([1, 10], {}),
        "cosine": ([3, 20], UNCLIPPED | COSINE),
        "clipped": ([10], LATENT | {"clip_sample": True, "clip_sample_range": 0.75}),
        "clipped-sample": (
            [10],
            LATENT | SAMPLE | {"clip_sample": True, "set_alpha_to_one": False}),
        "zero-snr": ([10], UNCLIPPED | ZERO_SNR),
        "trained": ([10], TRAINED | {"clip_sample": False}),
    },
    "ddpm": {
        "latent": ([1, 50], UNCLIPPED),
        "defaults": ([2, 20], {}),
        "linspace": ([3, 10], UNCLIPPED | LINSPACE),
        "trailing": ([2, 20], UNCLIPPED | TRAILING),
        "velocity": ([10], UNCLIPPED | VELOCITY),
        "sample": ([10], UNCLIPPED | SAMPLE),
        "fixed-small-log": ([10], UNCLIPPED | {"variance_type": "fixed_small_log"}),
        "fixed-large": ([20], UNCLIPPED | TRAILING | {"variance_type": "fixed_large"}),
        "fixed-large-velocity": (
            [3], UNCLIPPED | VELOCITY | {"variance_type": "fixed_large"}),
        "cosine": ([10], UNCLIPPED | COSINE),
        "sigmoid": ([10], UNCLIPPED | {"beta_schedule": "sigmoid"}),
        "clipped": ([10], LATENT | {"clip_sample": True, "clip_sample_range": 0.75}),
        "thresholding": ([10], UNCLIPPED | THRESHOLDING),
        "zero-snr": ([1, 20], UNCLIPPED | ZERO_SNR),
        "trained": ([10], TRAINED | {"clip_sample": False}),
        "aligned": ([10], UNCLIPPED | {"timesteps": ALIGNED}),
        "custom": ([5], UNCLIPPED | {"timesteps": [990, 700, 400, 150, 0]}),
    },
}
SELF_TESTS = {name: (5, BETAS | {"clip_sample": False}) for name in CASES}
