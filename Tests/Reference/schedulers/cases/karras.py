"""Solvers in sigma, after Karras et al. 2022 (arXiv 2206.00364) and k-diffusion."""

from .common import *

CHURN = {"s_churn": 4.0, "s_tmin": 0.2, "s_tmax": 8.0, "s_noise": 1.003}
# What the three of two calls a step, and LMS, have in common.
SIGMAS = {
    "leading": ([2, 50], LATENT | LEADING),
    "linspace": ([1, 20], LATENT | LINSPACE),
    "trailing": ([1, 10], LATENT | TRAILING),
    "defaults": ([3, 10], {}),
    "karras": ([20], LATENT | LEADING | KARRAS),
    "karras-trailing": ([2, 10], LATENT | TRAILING | KARRAS),
    "exponential": ([3, 20], LATENT | LINSPACE | EXPONENTIAL),
    "beta": ([10], LATENT | TRAILING | BETA),
    "velocity": ([10], LATENT | LEADING | VELOCITY),
    "karras-velocity": ([3, 20], LATENT | LINSPACE | KARRAS | VELOCITY),
    "beta-velocity": ([2], LATENT | LEADING | BETA | VELOCITY),
    "cosine": ([10], LATENT | LEADING | COSINE),
    "cosine-exponential-velocity": ([10], LATENT | COSINE | EXPONENTIAL | VELOCITY),
    "trained": ([10], TRAINED | TRAILING),
}
OF_SAMPLE = {
    "sample": ([10], LATENT | LEADING | SAMPLE),
    "sample-exponential": ([3], LATENT | TRAILING | EXPONENTIAL | SAMPLE),
}

CASES = {
    "euler": SIGMAS | OF_SAMPLE | {
        "sigma-min": ([10], LATENT | LEADING | TO_SIGMA_MIN),
        "karras-sigma-min": ([20], LATENT | KARRAS | TO_SIGMA_MIN),
        "karras-bounds": ([10], LATENT | KARRAS | {"sigma_min": 0.05, "sigma_max": 12.0}),
        "exponential-bounds": (
            [10], LATENT | EXPONENTIAL | LEADING | {"sigma_min": 0.1, "sigma_max": 9.5}),
        "beta-bounds": ([3], LATENT | BETA | {"sigma_min": 0.04, "sigma_max": 14.0}),
        "log-linear": ([10], LATENT | {"interpolation_type": "log_linear"}),
        "log-linear-karras": (
            [3], LATENT | TRAILING | KARRAS | {"interpolation_type": "log_linear"}),
        "continuous": (
            [10],
            LATENT | VELOCITY | LEADING | KARRAS | {
                "timestep_type": "continuous", "sigma_min": 0.002, "sigma_max": 700.0}),
        "zero-snr": ([1, 20], LATENT | ZERO_SNR),
        "churn": ([10, 20], LATENT | LEADING | CHURN),
        "churn-karras": ([20], LATENT | KARRAS | CHURN | {"s_churn": 40.0}),
        "churn-velocity": ([10], LATENT | VELOCITY | CHURN),
        "churn-sample": ([3], LATENT | SAMPLE | TRAILING | {"s_churn": 1.0}),
        "aligned": ([10], LATENT | {"timesteps": ALIGNED}),
        "aligned-sigmas": ([10], LATENT | {"sigmas": ALIGNED_SIGMAS}),
        "aligned-sigmas-zero": (
            [10], LATENT | VELOCITY | {"sigmas": ALIGNED_SIGMAS[:-1] + [0.0]}),
    },
    "euler_a": {
        "leading": ([1, 50], LATENT | LEADING),
        "linspace": ([2, 20], LATENT | LINSPACE),
        "trailing": ([1, 10], LATENT | TRAILING),
        "defaults": ([3, 10], {}),
        "velocity": ([10], LATENT | LEADING | VELOCITY),
        "velocity-linspace": ([3, 20], LATENT | LINSPACE | VELOCITY),
        "velocity-trailing": ([2, 20], LATENT | TRAILING | VELOCITY),
        "cosine": ([10], LATENT | LEADING | COSINE),
        "cosine-velocity": ([10], LATENT | TRAILING | COSINE | VELOCITY),
        "zero-snr": ([1, 20], LATENT | ZERO_SNR),
        "zero-snr-linspace": ([10], LATENT | ZERO_SNR | LINSPACE),
        "trained": ([10], TRAINED | TRAILING),
        "trained-velocity": ([3], TRAINED | VELOCITY),
        "offset": ([20], LATENT | LEADING | {"steps_offset": 3}),
    },
    "heun": SIGMAS | OF_SAMPLE | {
        "clipped": ([10], LATENT | {"clip_sample": True, "clip_sample_range": 1.5}),
        "clipped-karras": ([3], LATENT | TRAILING | KARRAS | {"clip_sample": True}),
        "exp": ([10], LATENT | LEADING | {"beta_schedule": "exp"}),
        "aligned": ([10], LATENT | {"timesteps": ALIGNED}),
        "aligned-velocity": ([10], LATENT | LEADING | VELOCITY | {"timesteps": ALIGNED}),
    },
    "dpm2": SIGMAS,
    "dpm2_a": SIGMAS,
    "lms": SIGMAS | OF_SAMPLE | {
        "order-1": ([10], LATENT | LEADING | {"order": 1}),
        "order-2": ([10], LATENT | KARRAS | {"order": 2}),
        "order-3": ([10, 20], LATENT | TRAILING | {"order": 3}),
    },
}
SELF_TESTS = {name: (5, BETAS) for name in CASES}
