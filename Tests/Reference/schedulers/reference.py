"""One run of a scheduler: in double precision, or as diffusers publishes it.

Double precision is diffusers' own code with float32 replaced by float64 while it builds its tables
and steps. Noise is always drawn in single precision from torch's CPU generator, as a pipeline
draws it.
"""

import inspect
import sys
import warnings
from contextlib import ExitStack, contextmanager
from unittest import mock

import diffusers
import numpy as np
import torch
from diffusers.schedulers import scheduling_dpmsolver_sde

from written import dpmpp_2s_ancestral, dpmpp_3m_sde
from written.grid import SINGLE, draw

MAX_SEED = 2**63 - 1

diffusers.logging.set_verbosity_error()

CLASSES = {
    "ddim": diffusers.DDIMScheduler,
    "ddim_inverse": diffusers.DDIMInverseScheduler,
    "ddpm": diffusers.DDPMScheduler,
    "pndm": diffusers.PNDMScheduler,
    "ipndm": diffusers.IPNDMScheduler,
    "lms": diffusers.LMSDiscreteScheduler,
    "euler": diffusers.EulerDiscreteScheduler,
    "euler_a": diffusers.EulerAncestralDiscreteScheduler,
    "heun": diffusers.HeunDiscreteScheduler,
    "dpm2": diffusers.KDPM2DiscreteScheduler,
    "dpm2_a": diffusers.KDPM2AncestralDiscreteScheduler,
    "dpmpp_2m": diffusers.DPMSolverMultistepScheduler,
    "dpmpp_2m_sde": diffusers.DPMSolverMultistepScheduler,
    "dpmpp_2m_inverse": diffusers.DPMSolverMultistepInverseScheduler,
    "dpmpp_2s": diffusers.DPMSolverSinglestepScheduler,
    "dpmpp_sde": diffusers.DPMSolverSDEScheduler,
    "deis": diffusers.DEISMultistepScheduler,
    "unipc": diffusers.UniPCMultistepScheduler,
    "sa_solver": diffusers.SASolverScheduler,
    "lcm": diffusers.LCMScheduler,
    "tcd": diffusers.TCDScheduler,
    # diffusers lacks these.
    "dpmpp_2s_a": dpmpp_2s_ancestral.DPMSolver2SAncestral,
    "dpmpp_3m_sde": dpmpp_3m_sde.DPMSolver3MSDE,
}

# Options that diffusers takes when it runs, not when it builds a scheduler.
OF_GRID = {"timesteps", "sigmas"}
OF_STEP = {
    "eta", "use_clipped_model_output", "s_churn", "s_tmin", "s_tmax", "s_noise", "order"}
OF_TAU = {"tau", "tau_start", "tau_end"}
# In the published configurations of Stable Diffusion, whichever class they are read with.
FOREIGN = {
    "clip_sample", "set_alpha_to_one", "skip_prk_steps", "steps_offset", "timestep_spacing",
    "solver_order", "algorithm_type", "solver_type", "lower_order_final"}


class SingleTree(scheduling_dpmsolver_sde.BatchedBrownianTree):
    """A Brownian tree of single-precision increments, at times in double precision."""

    def __init__(self, x, t0, t1, seed=None, **options):
        super().__init__(x.to(SINGLE), t0, t1, seed, **options)

    def __call__(self, t0, t1):
        return super().__call__(t0, t1).to(torch.float64)


def snapped(sigma_to_t):
    """The timestep of a sigma; one within 1e-6 of a training timestep is that.

    Some classes truncate it to a whole number, and of the largest sigma, which is a training one,
    the last bit would decide whether that is 999 or 998.
    """
    def timestep(*arguments):
        exact = sigma_to_t(*arguments)
        nearest = np.round(exact)
        return np.where(np.abs(exact - nearest) < 1e-6, nearest, exact)
    return timestep


@contextmanager
def precision(kind, double):
    """Inside, `kind` draws with `draw`, and single precision is double if `double`."""
    module = sys.modules[kind.__module__]
    before = torch.get_default_dtype()
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(np.errstate(divide="ignore", invalid="ignore"))
        if hasattr(module, "randn_tensor"):
            stack.enter_context(mock.patch.object(module, "randn_tensor", draw))
        if hasattr(kind, "_sigma_to_t"):
            stack.enter_context(
                mock.patch.object(kind, "_sigma_to_t", snapped(kind._sigma_to_t)))
        if double:
            stack.enter_context(mock.patch.object(torch, "float32", torch.float64))
            stack.enter_context(mock.patch.object(np, "float32", np.float64))
            stack.enter_context(
                mock.patch.object(scheduling_dpmsolver_sde, "BatchedBrownianTree", SingleTree))
            torch.set_default_dtype(torch.float64)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


def tau(config):
    """SA-Solver's stochasticity over time: constant between two timesteps, else none."""
    value, start, end = (
        config.get("tau", 1), config.get("tau_start", 200), config.get("tau_end", 800))
    return lambda t: value if start <= t <= end else 0


class Run:
    """A scheduler that has its grid; `step` moves on by one call of the model."""

    def __init__(self, name, config, steps, generator, double):
        self.kind = CLASSES[name]
        self.double = double
        self.generator = generator
        self.parameters = getattr(
            self.kind, "OPTIONS", inspect.signature(self.kind.__init__).parameters)
        self.options = {
            key: value for key, value in config.items() if key in OF_STEP - set(self.parameters)}
        with precision(self.kind, double):
            self.scheduler = self._make(config)
            grid = {key: value for key, value in config.items() if key in OF_GRID}
            if grid:
                self.scheduler.set_timesteps(**grid)
            else:
                self.scheduler.set_timesteps(steps)
        self.dtype = torch.float64 if double else SINGLE
        for table in ("alphas_cumprod", "sigmas", "betas"):
            values = getattr(self.scheduler, table, None)
            assert values is None or values.dtype == self.dtype, (name, table, values.dtype)

    def _make(self, config):
        known = {key: value for key, value in config.items() if key in self.parameters}
        for key in config.keys() - known.keys() - OF_GRID - OF_STEP - OF_TAU:
            assert key.startswith("_") or key in FOREIGN, f"{self.kind.__name__}: {key}"
        if "tau_func" in self.parameters:
            known["tau_func"] = tau(config)
        return self.kind(**known)

    @property
    def timesteps(self):
        return self.scheduler.timesteps

    @property
    def sigmas(self):
        return getattr(self.scheduler, "sigmas", None)

    @property
    def scale(self):
        return float(self.scheduler.init_noise_sigma)

    def seen(self, sample, call):
        """What the model is given."""
        with precision(self.kind, self.double):
            return self.scheduler.scale_model_input(sample, self.timesteps[call])

    def step(self, sample, output, call):
        if getattr(self.scheduler, "noise_sampler_seed", 0) is None:
            seed = torch.randint(0, MAX_SEED, [], generator=self.generator)
            self.scheduler.noise_sampler_seed = int(seed)
        options = dict(self.options)
        if "generator" in inspect.signature(self.kind.step).parameters:
            options["generator"] = self.generator
        with precision(self.kind, self.double):
            after = self.scheduler.step(output, self.timesteps[call], sample, **options)
        assert after.prev_sample.dtype == self.dtype, after.prev_sample.dtype
        return after.prev_sample


def model(seen, timestep):
    """Stands for a UNet: bounded, smooth, and different at each timestep."""
    return torch.sin(seen) * (0.5 + float(timestep) / 2000) + 0.1


def trajectory(name, config, steps, seed, shape, double=True):
    """A whole run against `model`: the run, and the samples, the initial one first."""
    generator = torch.Generator().manual_seed(seed)
    run = Run(name, config, steps, generator, double)
    sample = torch.randn(shape, generator=generator, dtype=SINGLE).to(run.dtype) * run.scale
    samples = [sample]
    for call, timestep in enumerate(run.timesteps):
        sample = run.step(sample, model(run.seen(sample, call), timestep), call)
        samples.append(sample)
    return run, torch.cat(samples)
