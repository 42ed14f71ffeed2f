"""DPM++ 3M SDE: the multistep stochastic DPM-Solver++ of order three (Lu et al. 2022, arXiv
2211.01095, section 5: the exponential integral of a polynomial through the last three x0, in the
diffusion SDE), with eta as the share of noise, as k-diffusion publishes it.

With h = log(sigma / sigma') and g = (1 + eta) h, and d1, d2 the first two derivatives of x0 in
-log sigma, scaled by h, by divided differences of the last three:

    x' = exp(-g) * x + (1 - exp(-g)) * x0 + phi2 * d1 - phi3 * d2
         + sigma' * sqrt(1 - exp(-2 eta h)) * z
    phi2 = (exp(-g) - 1) / g + 1,    phi3 = phi2 / g - 1/2

z comes from a Brownian path over sigma. The second step has the first derivative alone, the first
has none, and the last one, to 0, is x' = x0. N steps are N calls.
"""

import torch
from diffusers.schedulers import scheduling_dpmsolver_sde

from .grid import Grid, Output


class DPMSolver3MSDE(Grid):
    def __init__(self, noise_sampler_seed=None, **options):
        super().__init__(**options)
        self.noise_sampler_seed = noise_sampler_seed

    def set_timesteps(self, steps):
        super().set_timesteps(steps)
        self.sigmas, self.timesteps = self.grid, self.grid_timesteps
        # (x0, h) of the steps before, newest first.
        self.history = []
        self.noise = None

    def scale_model_input(self, sample, timestep):
        return sample / (self.grid[self.call] ** 2 + 1) ** 0.5

    def step(self, output, timestep, sample):
        sigma, after = self.grid[self.call], self.grid[self.call + 1]
        denoised = self.denoised(output, sample, sigma)
        self.call += 1
        if after == 0:
            return Output(denoised)
        h = torch.log(sigma / after)
        g = (1 + self.eta) * h
        phi2 = torch.expm1(-g) / g + 1
        phi3 = phi2 / g - 0.5
        first, second = self._derivatives(denoised, h)
        result = torch.exp(-g) * sample - torch.expm1(-g) * denoised + phi2 * first - phi3 * second
        if self.eta > 0:
            deviation = after * torch.sqrt(-torch.expm1(-2 * self.eta * h))
            result = result + self.s_noise * deviation * self._path(sample)(sigma, after)
        self.history = [(denoised, h)] + self.history[:1]
        return Output(result)

    def _derivatives(self, denoised, h):
        if not self.history:
            return 0, 0
        last, h1 = self.history[0]
        newer = (denoised - last) / (h1 / h)
        if len(self.history) < 2:
            return newer, 0
        before, h2 = self.history[1]
        older = (last - before) / (h2 / h)
        second = (newer - older) / ((h1 + h2) / h)
        return newer + h1 / h * second, second

    def _path(self, sample):
        if self.noise is None:
            positive = self.grid[self.grid > 0]
            self.noise = scheduling_dpmsolver_sde.BrownianTreeNoiseSampler(
                sample, float(positive.min()), float(positive.max()), self.noise_sampler_seed)
        return self.noise
