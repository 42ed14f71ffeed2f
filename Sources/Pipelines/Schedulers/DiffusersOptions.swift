/// The options of diffusers' schedulers for latent diffusion.
///
/// Configurations are handed from one class to another, so that a file may hold the options of
/// classes that it is not of.
enum DiffusersOptions {
    static let keys: Set<String> = [
        "algorithm_type", "beta_end", "beta_schedule", "beta_start", "clip_sample",
        "clip_sample_range", "corrector_order", "disable_corrector", "dynamic_thresholding_ratio",
        "euler_at_final", "final_sigmas_type", "flow_shift", "interpolation_type",
        "lambda_min_clipped", "lower_order_final", "noise_sampler_seed", "num_train_timesteps",
        "original_inference_steps", "predict_x0", "prediction_type", "predictor_order",
        "rescale_betas_zero_snr", "rho", "sample_max_value", "set_alpha_to_one", "shift_terminal",
        "sigma_data", "sigma_max", "sigma_min", "sigma_schedule", "skip_prk_steps",
        "solver_order", "solver_p", "solver_type", "steps_offset", "tau_func", "thresholding",
        "time_shift_type", "timestep_scaling", "timestep_spacing", "timestep_type",
        "trained_betas", "use_beta_sigmas", "use_dynamic_shifting", "use_exponential_sigmas",
        "use_flow_sigmas", "use_karras_sigmas", "use_lu_lambdas", "variance_type",
    ]
}
