"""DEIS, UniPC and SA-Solver."""

from .common import *

BH1 = {"solver_type": "bh1"} | TO_SIGMA_MIN
OF_NOISE = {"predict_x0": False} | TO_SIGMA_MIN


def orders(predictor, corrector):
    return {"predictor_order": predictor, "corrector_order": corrector}


CASES = {
    "deis": {
        "latent": ([1, 50], LATENT),
        "few": ([2, 3], LATENT | LEADING),
        "defaults": ([3, 20], {}),
        "leading": ([10], LATENT | LEADING),
        "trailing": ([1, 20], LATENT | TRAILING),
        "order-1": ([10], LATENT | FIRST),
        "order-3": ([10, 20], LATENT | THIRD),
        "order-3-few": ([2, 3], LATENT | THIRD),
        "full-order": ([10], LATENT | FULL_ORDER),
        "full-order-3": ([3, 10], LATENT | THIRD | FULL_ORDER),
        "karras": ([10], LATENT | KARRAS),
        "karras-order-3": ([20], LATENT | KARRAS | THIRD),
        "exponential": ([10], LATENT | EXPONENTIAL),
        "beta": ([20], LATENT | BETA),
        "velocity": ([10], LATENT | VELOCITY),
        "sample": ([10], LATENT | SAMPLE),
        "thresholding": ([10], LATENT | THRESHOLDING),
        "cosine": ([10], LATENT | COSINE | TRAILING),
        "trained": ([10], TRAINED),
        # Written by another family's scheduler.
        "from-dpm-solver": (
            [10], LATENT | {"algorithm_type": "dpmsolver++", "solver_type": "midpoint"}),
    },
    "unipc": {
        "latent": ([1, 50], LATENT),
        "few": ([2, 3], LATENT | LEADING),
        "defaults": ([3, 20], {}),
        "leading": ([10], LATENT | LEADING),
        "trailing": ([1, 20], LATENT | TRAILING),
        "order-1": ([10], LATENT | FIRST),
        "order-3": ([10, 20], LATENT | THIRD),
        "order-3-few": ([2, 3], LATENT | THIRD),
        "order-4": ([10], LATENT | {"solver_order": 4}),
        "bh1": ([10], LATENT | BH1),
        "bh1-order-3": ([20], LATENT | BH1 | THIRD),
        "bh1-noise": ([10], LATENT | BH1 | OF_NOISE),
        "of-noise": ([10, 20], LATENT | OF_NOISE),
        "of-noise-order-3": ([3, 20], LATENT | OF_NOISE | THIRD),
        "of-noise-velocity": ([10], LATENT | OF_NOISE | VELOCITY),
        "of-noise-sample": ([10], LATENT | OF_NOISE | SAMPLE),
        "no-corrector": ([10], LATENT | {"disable_corrector": list(range(10))}),
        "late-corrector": ([10], LATENT | THIRD | {"disable_corrector": [0, 1, 4]}),
        "full-order": ([10], LATENT | FULL_ORDER | TO_SIGMA_MIN),
        "full-order-3": ([10], LATENT | THIRD | FULL_ORDER | TO_SIGMA_MIN),
        "sigma-min": ([10], LATENT | TO_SIGMA_MIN),
        "karras": ([1, 20], LATENT | KARRAS),
        "karras-order-3": ([10], LATENT | KARRAS | THIRD),
        "karras-sigma-min": ([10], LATENT | KARRAS | TO_SIGMA_MIN),
        "karras-bounds": ([10], LATENT | KARRAS | {"sigma_min": 0.05, "sigma_max": 12.0}),
        "exponential": ([10], LATENT | EXPONENTIAL),
        "beta": ([20], LATENT | BETA),
        "velocity": ([10], LATENT | VELOCITY),
        "sample": ([10], LATENT | SAMPLE),
        "thresholding": ([10], LATENT | THRESHOLDING),
        "zero-snr": ([1, 20], LATENT | ZERO_SNR),
        "cosine": ([10], LATENT | COSINE | TRAILING),
        "trained": ([10], TRAINED),
        # Written by another family's scheduler.
        "from-dpm-solver": ([10], LATENT | {"solver_type": "midpoint"}),
    },
    "sa_solver": {
        "latent": ([1, 50], LATENT),
        "few": ([2, 3], LATENT | LEADING),
        "defaults": ([3, 20], {}),
        "leading": ([10], LATENT | LEADING),
        "trailing": ([1, 20], LATENT | TRAILING),
        "orders-1-1": ([10], LATENT | orders(1, 1)),
        "orders-1-2": ([10], LATENT | orders(1, 2)),
        "orders-3-4": ([10, 20], LATENT | orders(3, 4)),
        "orders-3-3": ([3, 20], LATENT | orders(3, 3)),
        "orders-2-1": ([10], LATENT | orders(2, 1)),
        "orders-4-3": ([20], LATENT | orders(4, 3)),
        "of-noise": ([10], LATENT | {"algorithm_type": "noise_prediction"}),
        "of-noise-orders-3-3": (
            [20], LATENT | orders(3, 3) | {"algorithm_type": "noise_prediction"}),
        "of-noise-velocity": (
            [3], LATENT | VELOCITY | {"algorithm_type": "noise_prediction", "tau": 0.4}),
        "of-noise-sample": (
            [3], LATENT | SAMPLE | {"algorithm_type": "noise_prediction"}),
        "still": ([10], LATENT | {"tau": 0}),
        "half": ([10], LATENT | {"tau": 0.5}),
        "always": ([20], LATENT | {"tau": 0.8, "tau_start": 0, "tau_end": 1000}),
        "late": ([10], LATENT | orders(3, 3) | {"tau_start": 100, "tau_end": 500}),
        "full-order": ([10], LATENT | FULL_ORDER),
        "karras": ([2, 10], LATENT | KARRAS),
        "exponential": ([20], LATENT | EXPONENTIAL),
        "beta": ([10], LATENT | BETA),
        "velocity": ([10], LATENT | VELOCITY),
        "sample": ([10], LATENT | SAMPLE),
        "thresholding": ([10], LATENT | THRESHOLDING),
        "cosine": ([10], LATENT | COSINE | {"lambda_min_clipped": -5.1}),
        "trained": ([10], TRAINED),
    },
}
SELF_TESTS = {name: (5, BETAS) for name in CASES}
