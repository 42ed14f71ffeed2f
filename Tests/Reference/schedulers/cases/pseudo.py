"""Pseudo numerical methods: PNDM and its improved form."""

from .common import *

PLMS = LATENT | {"skip_prk_steps": True, "set_alpha_to_one": False}
RUNGE_KUTTA = LATENT | {"set_alpha_to_one": False}


def falling(steps, power=1.0, first=1.0):
    """Noise levels for IPNDM, from `first` to none."""
    return [round(first * (1 - k / steps) ** power, 6) for k in range(steps + 1)]


CASES = {
    "pndm": {
        "latent": ([1, 50], PLMS),
        "few": ([2, 3], PLMS),
        "linspace": ([2, 20], PLMS | LINSPACE),
        "trailing": ([3, 10], PLMS | TRAILING),
        "velocity": ([10, 20], PLMS | VELOCITY),
        "velocity-trailing": ([10], PLMS | VELOCITY | TRAILING),
        "one-at-end": ([3, 20], PLMS | {"set_alpha_to_one": True}),
        "cosine": ([10], PLMS | COSINE),
        "trained": ([10], TRAINED | {"skip_prk_steps": True}),
        "runge-kutta": ([4, 50], RUNGE_KUTTA),
        "runge-kutta-linspace": ([4, 10], RUNGE_KUTTA | LINSPACE),
        "runge-kutta-velocity": ([5, 20], RUNGE_KUTTA | VELOCITY),
        "runge-kutta-trained": ([8], TRAINED),
        "defaults": ([7], {}),
    },
    "ipndm": {
        "defaults": ([1, 50], {}),
        "few": ([2, 3], {}),
        "more": ([10, 20], {}),
        "five": ([4, 5], {}),
        "short-training": ([10], {"num_train_timesteps": 50}),
        "linear": ([10], {"num_train_timesteps": 10, "trained_betas": falling(10)}),
        "quadratic": ([10], {"num_train_timesteps": 10, "trained_betas": falling(10, 2.0)}),
        "root": ([12], {"num_train_timesteps": 12, "trained_betas": falling(12, 0.5)}),
        "below-one": (
            [10], {"num_train_timesteps": 10, "trained_betas": falling(10, 1.0, 0.97)}),
        "cubic": ([20], {"num_train_timesteps": 20, "trained_betas": falling(20, 3.0, 0.999)}),
        "three": ([3], {"num_train_timesteps": 3, "trained_betas": falling(3)}),
        "two": ([2], {"num_train_timesteps": 2, "trained_betas": falling(2, 1.5)}),
        "one": ([1], {"num_train_timesteps": 1, "trained_betas": falling(1, 1.0, 0.9)}),
    },
}
SELF_TESTS = {"pndm": (5, BETAS | {"skip_prk_steps": True}), "ipndm": (5, {})}
