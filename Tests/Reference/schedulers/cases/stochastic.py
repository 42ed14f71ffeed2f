"""k-diffusion's stochastic DPM-Solver++: diffusers has the first, the others are written out."""

from .common import *

SIGMAS = {
    "leading": ([1, 50], LATENT | LEADING),
    "linspace": ([2, 20], LATENT | LINSPACE),
    "trailing": ([1, 10], LATENT | TRAILING),
    "defaults": ([3, 10], {}),
    "karras": ([20], LATENT | LEADING | KARRAS),
    "karras-trailing": ([2, 10], LATENT | TRAILING | KARRAS),
    "exponential": ([3], LATENT | LINSPACE | EXPONENTIAL),
    "beta": ([10], LATENT | TRAILING | BETA),
    "velocity": ([10], LATENT | LEADING | VELOCITY),
    "karras-velocity": ([3, 20], LATENT | LINSPACE | KARRAS | VELOCITY),
    "exponential-velocity": ([10], LATENT | TRAILING | EXPONENTIAL | VELOCITY),
    "cosine": ([10], LATENT | LEADING | COSINE),
    "trained": ([10], TRAINED | TRAILING),
    "s-noise": ([10], LATENT | LEADING | {"s_noise": 1.05}),
    "no-noise": ([3], LATENT | KARRAS | {"s_noise": 0.0}),
}
SEEDED = {
    "seeded": ([10], LATENT | LEADING | {"noise_sampler_seed": 3}),
    "seeded-karras": ([20], LATENT | TRAILING | KARRAS | {"noise_sampler_seed": 2**40 + 7}),
}
ETA = {
    "eta": ([10], LATENT | LEADING | {"eta": 0.5}),
    "eta-karras": ([20], LATENT | TRAILING | KARRAS | {"eta": 0.3, "s_noise": 1.02}),
    "eta-zero": ([10], LATENT | LEADING | KARRAS | {"eta": 0.0}),
}

CASES = {
    "dpmpp_sde": SIGMAS | SEEDED,
    "dpmpp_2s_a": SIGMAS | ETA,
    "dpmpp_3m_sde": SIGMAS | SEEDED | ETA,
}
SELF_TESTS = {name: (5, BETAS) for name in CASES}
