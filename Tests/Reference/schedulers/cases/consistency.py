"""Samplers of consistency-distilled models."""

from .common import *

# On the distillation's own fifty timesteps.
DISTILLED = [999, 759, 499, 259]

CASES = {
    "lcm": {
        "defaults": ([1, 50], {}),
        "four": ([3, 4], UNCLIPPED),
        "more": ([2, 10], UNCLIPPED),
        "twenty": ([20], UNCLIPPED),
        "velocity": ([4, 10], UNCLIPPED | VELOCITY),
        "sample": ([4], UNCLIPPED | SAMPLE),
        "clipped": ([4], LATENT | {"clip_sample": True, "clip_sample_range": 1.5}),
        "thresholding": ([4], UNCLIPPED | THRESHOLDING),
        "scaling": ([4], UNCLIPPED | {"timestep_scaling": 0.003}),
        "fewer-original": ([3, 20], UNCLIPPED | {"original_inference_steps": 25}),
        "linear": ([4], LINEAR),
        "cosine": ([4], COSINE),
        "zero-snr": ([1, 4], UNCLIPPED | ZERO_SNR),
        "trained": ([4], TRAINED | {"original_inference_steps": 20}),
        "custom": ([4], UNCLIPPED | {"timesteps": DISTILLED}),
        "aligned": ([10], UNCLIPPED | {"timesteps": ALIGNED}),
    },
    "tcd": {
        "defaults": ([1, 50], {}),
        "four": ([3, 4], UNCLIPPED),
        "more": ([2, 10], UNCLIPPED),
        "twenty": ([20], UNCLIPPED),
        "still": ([4, 10], UNCLIPPED | {"eta": 0.0}),
        "eta": ([4, 20], UNCLIPPED | {"eta": 0.7}),
        "eta-one": ([4], UNCLIPPED | {"eta": 1.0}),
        "velocity": ([4, 10], UNCLIPPED | VELOCITY),
        "sample": ([4], UNCLIPPED | SAMPLE),
        "fewer-original": ([3, 20], UNCLIPPED | {"original_inference_steps": 25}),
        "linear": ([4], LINEAR),
        "cosine": ([4], COSINE),
        "zero-snr": ([1, 4], UNCLIPPED | ZERO_SNR | {"eta": 0.4}),
        "trained": ([4], TRAINED | {"original_inference_steps": 20}),
        "custom": ([4], UNCLIPPED | {"timesteps": DISTILLED}),
        "aligned": ([10], UNCLIPPED | {"timesteps": ALIGNED, "eta": 0.5}),
    },
}
SELF_TESTS = {name: (4, BETAS) for name in CASES}
