import Checkpoints
import Stages

/// Denoising diffusion implicit models (Song et al. 2020, arXiv 2010.02502).
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `prediction_type` | `epsilon` | `epsilon`, `sample`, `v_prediction` |
/// | `timestep_spacing` | `leading` | `leading`, `linspace`, `trailing` |
/// | `steps_offset` | 0 | added to leading timesteps; 1 for Stable Diffusion |
/// | `clip_sample` | true | clip the predicted x_0; false for latent diffusion |
/// | `clip_sample_range` | 1 | to plus and minus this |
/// | `rescale_betas_zero_snr` | false | the last timestep is noise alone |
/// | `eta` | 0 | 0 draws no noise, 1 as much as DDPM (diffusers passes it to `step`) |
struct SchedulerDDIM: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "ddim", version: "1.0.0")

    private let plan: DDIMPlan
    private let spacing: TimestepSpacing
    private let offset: Int

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        let isRescaled = try options.boolean("rescale_betas_zero_snr", default: false)
        let clips = try options.boolean("clip_sample", default: true)
        let range = try options.number("clip_sample_range", default: 1, in: 0...1e6)
        plan = DDIMPlan(
            schedule: try NoiseSchedule(
                options, alphaIsOneAtEnd: true, rescaledToZeroSNR: isRescaled),
            prediction: try options.choice("prediction_type", default: .epsilon),
            clip: clips ? Float(range) : nil,
            eta: try options.number("eta", default: 0, in: 0...1))
        spacing = try options.choice("timestep_spacing", default: .leading)
        offset = try options.integer("steps_offset", default: 0, in: 0...plan.schedule.count)
        try options.requireAbsent("thresholding")
        try options.requireAbsent("trained_betas")
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        let timesteps = try spacing.timesteps(
            steps: steps, of: plan.schedule.count, offset: offset)
        guard plan.prediction != .epsilon || timesteps.allSatisfy({ plan.schedule.alphas[$0] > 0 })
        else {
            throw SettingError(
                key: "prediction_type",
                message: "epsilon says nothing of x_0 at a timestep that is noise alone, which "
                    + "rescale_betas_zero_snr makes of the last one; use leading spacing")
        }
        return DDIMTrajectory(plan: plan, steps: timesteps)
    }
}
