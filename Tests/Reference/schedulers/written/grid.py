"""The sigmas and timesteps that the written schedulers share: those of DPMSolverSDEScheduler."""

import inspect

import torch
from diffusers import DPMSolverSDEScheduler

OF_GRID = set(inspect.signature(DPMSolverSDEScheduler.__init__).parameters) - {"self"}


SINGLE = torch.float32


def draw(shape, generator=None, device=None, dtype=None, layout=None):
    """In place of diffusers' randn_tensor: always in single precision."""
    return torch.randn(tuple(shape), generator=generator, dtype=SINGLE).to(dtype)


class Output:
    def __init__(self, prev_sample):
        self.prev_sample = prev_sample


class Grid:
    """N sigmas and the final zero, with their timesteps."""

    OPTIONS = OF_GRID | {"eta", "s_noise"}

    def __init__(self, eta=1.0, s_noise=1.0, **options):
        self.eta, self.s_noise = eta, s_noise
        self.prediction_type = options.get("prediction_type", "epsilon")
        self.spacing = options.get("timestep_spacing", "linspace")
        self._maker = DPMSolverSDEScheduler(**options)
        self.alphas_cumprod = self._maker.alphas_cumprod

    def set_timesteps(self, steps):
        self._maker.set_timesteps(steps)
        # There, each step but the last has two calls.
        self.grid = torch.cat([self._maker.sigmas[::2], self._maker.sigmas[-1:]])
        self.grid_timesteps = self._maker.timesteps[::2]
        assert len(self.grid) == steps + 1 and len(self.grid_timesteps) == steps
        self.call = 0

    def timestep(self, sigma):
        log_sigmas = (((1 - self.alphas_cumprod) / self.alphas_cumprod) ** 0.5).log().numpy()
        return float(self._maker._sigma_to_t(sigma.numpy(), log_sigmas))

    @property
    def init_noise_sigma(self):
        largest = self.grid.max()
        return largest if self.spacing in ("linspace", "trailing") else (largest**2 + 1) ** 0.5

    def denoised(self, output, sample, sigma):
        """x_0, from what the model says of sample / sqrt(sigma**2 + 1)."""
        if self.prediction_type == "epsilon":
            return sample - sigma * output
        assert self.prediction_type == "v_prediction", self.prediction_type
        return sample / (sigma**2 + 1) - sigma / (sigma**2 + 1) ** 0.5 * output
