"""DPM++ 2S a: second-order single-step DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095,
algorithm 1 with r = 1/2) down past the next sigma, and noise back up to it (Karras et al. 2022,
arXiv 2206.00364, section 4: churn after the step instead of before it).

With h = log(sigma / sigma_down) and x0(x, sigma) what the model makes of x:

    u  = sigma_mid / sigma * x - (exp(-h / 2) - 1) * x0(x, sigma)
    x' = sigma_down / sigma * x - (exp(-h) - 1) * x0(u, sigma_mid) + sigma_up * z
    sigma_mid = sqrt(sigma * sigma_down)
    sigma_up = eta * sqrt(sigma'**2 * (sigma**2 - sigma'**2) / sigma**2)
    sigma_down = sqrt(sigma'**2 - sigma_up**2)

The last step, to 0, is one of Euler's: x' = x0. N steps are 2N - 1 calls.
"""

import torch

from .grid import Grid, Output, draw


class DPMSolver2SAncestral(Grid):
    def set_timesteps(self, steps):
        super().set_timesteps(steps)
        sigmas, after = self.grid[:-2], self.grid[1:-1]
        up = self.eta * (after**2 * (sigmas**2 - after**2) / sigmas**2) ** 0.5
        self.up = torch.minimum(after, up)
        self.down = (after**2 - self.up**2) ** 0.5
        self.middle = (sigmas * self.down) ** 0.5
        # The model's sigma at each call.
        self.at = torch.cat([torch.stack([sigmas, self.middle], 1).flatten(), self.grid[-2:-1]])
        middles = torch.tensor([self.timestep(sigma) for sigma in self.middle])
        self.timesteps = torch.cat(
            [torch.stack([self.grid_timesteps[:-1], middles], 1).flatten(),
             self.grid_timesteps[-1:]])
        # As diffusers lists those of its schedulers of two calls.
        self.sigmas = torch.cat(
            [self.grid[:1], self.grid[1:-1].repeat_interleave(2), self.grid[-1:]])

    def scale_model_input(self, sample, timestep):
        return sample / (self.at[self.call] ** 2 + 1) ** 0.5

    def step(self, output, timestep, sample, generator):
        step, isSecond = divmod(self.call, 2)
        denoised = self.denoised(output, sample, self.at[self.call])
        sigma = self.grid[step]
        self.call += 1
        if step == len(self.down):
            return Output(denoised)
        if not isSecond:
            self.start = sample
            return Output(self._exponential_step(sigma, self.middle[step], denoised))
        after = self._exponential_step(sigma, self.down[step], denoised)
        noise = draw(sample.shape, generator=generator, dtype=sample.dtype)
        return Output(after + self.up[step] * self.s_noise * noise)

    def _exponential_step(self, sigma, target, denoised):
        h = torch.log(sigma / target)
        return target / sigma * self.start - torch.expm1(-h) * denoised
