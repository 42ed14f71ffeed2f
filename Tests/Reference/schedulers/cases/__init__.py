"""What is run: for each scheduler, named configurations with their step counts."""

from . import consistency, denoising, dpm_solver, karras, multistep, pseudo, stochastic

FAMILIES = [denoising, pseudo, karras, dpm_solver, multistep, stochastic, consistency]
