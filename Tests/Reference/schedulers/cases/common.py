"""Pieces of configurations."""

# Stable Diffusion's.
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
LATENT = BETAS | {"num_train_timesteps": 1000, "steps_offset": 1}
UNCLIPPED = LATENT | {"clip_sample": False}

COSINE = {"beta_schedule": "squaredcos_cap_v2"}
LINEAR = {"beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02}
# Forty betas that rise and level off; no named schedule has them.
TRAINED = {
    "num_train_timesteps": 40,
    "trained_betas": [round(0.2 * (k + 1) / (k + 12), 4) for k in range(40)],
}

VELOCITY = {"prediction_type": "v_prediction"}
SAMPLE = {"prediction_type": "sample"}

LEADING = {"timestep_spacing": "leading"}
LINSPACE = {"timestep_spacing": "linspace"}
TRAILING = {"timestep_spacing": "trailing"}

# Lin et al. 2023: only a velocity says something of a sample that is noise alone.
ZERO_SNR = TRAILING | VELOCITY | {"rescale_betas_zero_snr": True}

KARRAS = {"use_karras_sigmas": True}
EXPONENTIAL = {"use_exponential_sigmas": True}
BETA = {"use_beta_sigmas": True}
LU = {"use_lu_lambdas": True}

FIRST, THIRD = {"solver_order": 1}, {"solver_order": 3}
FULL_ORDER = {"lower_order_final": False}

TO_SIGMA_MIN = {"final_sigmas_type": "sigma_min"}
THRESHOLDING = {
    "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.75}

# Align Your Steps' ten for Stable Diffusion 1.5 (Sabour et al. 2024, arXiv 2404.14507).
ALIGNED = [999, 850, 736, 645, 545, 455, 343, 233, 124, 24]
ALIGNED_SIGMAS = [
    14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029]
