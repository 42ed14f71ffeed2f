import Stages
import Tensors

/// Steps of DPM-Solver++(2S): x̃ = σ̃/σ · x + (1 − σ̃/σ) · x_0(x, σ) to the middle, and from x again
/// x' = σ'/σ · x + (1 − σ'/σ) · x_0(x̃, σ̃); each the way down of an ``AncestralStep``.
struct TwoStageTrajectory: SigmaTrajectory {
    let calls: SigmaCalls
    private let plan: SDEPlan
    private let etaToMiddle: Double
    /// Where the noise comes from; if nowhere, it is drawn afresh.
    private var path: BrownianNoise?
    /// The sample where the step begins, once it is in the middle.
    private var start: Tensor?

    init(calls: SigmaCalls, plan: SDEPlan, etaToMiddle: Double, path: BrownianNoise?) {
        self.calls = calls
        self.plan = plan
        self.etaToMiddle = etaToMiddle
        self.path = path
    }

    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let sigma = calls.grid.sigmas[call / 2]
        let goesToMiddle = start == nil && call + 1 < timesteps.count
        let end = goesToMiddle ? calls.level(call + 1).noise : calls.grid.sigmas[call / 2 + 1]
        let split = AncestralStep(from: sigma, to: end, eta: goesToMiddle ? etaToMiddle : plan.eta)
        let kept = split.down / sigma
        let original = calls.level(call).original(plan.prediction)
        var terms =
            [(kept, start ?? sample)] + ((1 - kept) * original).terms(sample, output)
        start = goesToMiddle ? sample : nil
        if split.up > 0 {
            let deviation = plan.deviation * split.up
            terms.append(
                path?.term(deviation, from: sigma, to: end, like: sample, &noise)
                    ?? (deviation, noise.normal(like: sample)))
        }
        return linearCombination(terms)
    }
}
