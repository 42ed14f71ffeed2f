import Checkpoints
import Stages

/// Denoising diffusion implicit models (Song et al. 2020, arXiv 2010.02502).
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, ``TimestepPlan`` and
/// ``OriginalBound``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `prediction_type` | `epsilon` | `epsilon`, `sample`, `v_prediction` |
/// | `eta` | 0 | 0 draws no noise, 1 as much as DDPM (diffusers passes it to `step`) |
/// | `use_clipped_model_output` | false | make ε again from a bounded x_0 (likewise) |
struct SchedulerDDIM: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "ddim", version: "1.1.0")
    static let summary = SchedulerSummary(
        title: "DDIM", citation: "Song et al. 2020, arXiv 2010.02502", order: 1, noise: .optional,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5, options: .stableDiffusion(["clip_sample": false]),
            result: [
                -2.573631, 0.7075279, 0.04030781, -0.1437991, -2.724961, 0.4553663, -3.463708,
                1.920251,
            ]))

    private let plan: DDIMPlan
    private let timesteps: TimestepPlan

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        let schedule = try NoiseSchedule(options, steps: .timesteps(alphaIsOneAtEnd: true))
        timesteps = try TimestepPlan(options, schedule)
        plan = DDIMPlan(
            schedule: schedule,
            prediction: try options.choice("prediction_type", default: .epsilon),
            bound: try OriginalBound(options, clips: true),
            eta: try options.number("eta", default: 0, in: 0...1),
            rederivesNoise: try options.boolean("use_clipped_model_output", default: false))
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        let visited = try timesteps.timesteps(steps: steps)
        try plan.schedule.require(plan.prediction, at: visited)
        // diffusers goes down by whole strides whatever the spacing; a list says itself where to.
        let stride = plan.schedule.count / steps
        let ends = timesteps.isCustom ? visited.dropFirst() + [-1] : visited.map { $0 - stride }
        return DDIMTrajectory(plan: plan, steps: zip(visited, ends).map { ($0, $1) })
    }
}
