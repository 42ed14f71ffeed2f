import Checkpoints
import Stages

/// What the options of every scheduler here say: with the names and defaults of diffusers'
/// `DPMSolverSDEScheduler` those of ``NoiseSchedule`` and ``SigmaPlan``, and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `prediction_type` | `epsilon` | `epsilon`, `sample`, `v_prediction` |
/// | `noise_sampler_seed` | none | of the Brownian path, where there is one; else it is drawn |
/// | `eta` | 1 | how much noise, 0 for none |
/// | `s_noise` | 1 | the standard deviation of the noise, where 1 is right |
struct SDEPlan {
    let sigmas: SigmaPlan
    let prediction: PredictionType
    let eta: Double
    let deviation: Double
    private let seed: UInt64?

    /// - Parameter hasPath: whether the noise is of a Brownian path.
    init(_ options: SchedulerOptions, hasPath: Bool = true) throws(SettingError) {
        let schedule = try NoiseSchedule(
            options, NoiseSchedule.Defaults(start: 0.00085, end: 0.012), steps: .sigmas)
        sigmas = try SigmaPlan(
            options, schedule,
            SigmaPlan.Conventions(rule: .points, end: .zero, roundsShaped: false))
        prediction = try options.choice("prediction_type", default: .epsilon)
        eta = try options.number("eta", default: 1, in: 0...1)
        deviation = try options.number("s_noise", default: 1, in: 0...10)
        seed =
            hasPath && options.has("noise_sampler_seed")
            ? UInt64(try options.integer("noise_sampler_seed", default: 0, in: 0...Int.max)) : nil
    }

    /// The Brownian path of a run; without a seed, the image's own noise gives it one.
    func noise(of calls: SigmaCalls) throws(SettingError) -> BrownianNoise {
        let positive = calls.grid.sigmas.filter { $0 > 0 }
        guard let smallest = positive.min(), let largest = positive.max(),
            largest <= BrownianTree.largestTime
        else {
            throw SettingError(
                key: "trained_betas, sigmas",
                message: "a σ over \(BrownianTree.largestTime), where the noise of this scheduler "
                    + "has no digits left; take smaller ones")
        }
        return BrownianNoise(seed: seed, over: smallest...largest)
    }
}
