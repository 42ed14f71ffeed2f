import Checkpoints
import Stages

/// What the options of every scheduler here say: with diffusers' names and defaults, those of
/// ``NoiseSchedule`` and ``SigmaPlan``, and `prediction_type` (`epsilon`, `sample`,
/// `v_prediction`; by default `epsilon`).
///
/// These algorithms solve the probability-flow equation in the form dx/dσ = (x − x_0(x, σ)) / σ
/// (Karras et al. 2022, arXiv 2206.00364, equation 3 with σ as the time). The right side is ε.
struct KarrasPlan {
    let sigmas: SigmaPlan
    let prediction: PredictionType

    /// - Parameters:
    ///   - betas: what they are if nobody set them.
    ///   - conventions: of the class in diffusers.
    init(
        _ options: SchedulerOptions, betas: NoiseSchedule.Defaults,
        _ conventions: SigmaPlan.Conventions = SigmaPlan.Conventions(
            rule: .points, end: .zero, roundsShaped: false)
    ) throws(SettingError) {
        let schedule = try NoiseSchedule(options, betas, steps: .sigmas)
        sigmas = try SigmaPlan(options, schedule, conventions)
        prediction = try options.choice("prediction_type", default: .epsilon)
    }
}

extension NoiseSchedule.Defaults {
    /// Of the algorithms that call the model twice a step.
    static let twoCalls = NoiseSchedule.Defaults(start: 0.00085, end: 0.012)
}
