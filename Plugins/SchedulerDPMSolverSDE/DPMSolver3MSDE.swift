import Checkpoints
import Glibc
import Stages
import Tensors

/// DPM++ 3M SDE: multistep DPM-Solver++ of third order in the diffusion SDE (Lu et al. 2022, arXiv
/// 2211.01095, section 5, with the Taylor expansion of its equation 13 to third order; Crowson 2022)
/// whose noise is of one Brownian path. The last step, to σ = 0, ends at the predicted x_0.
/// Options: those of ``SDEPlan``.
struct SchedulerDPMSolver3MSDE: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "dpmpp_3m_sde", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "DPM-Solver++, stochastic, third-order multistep",
        citation: "Lu et al. 2022, arXiv 2211.01095; Crowson 2022", order: 2, noise: .everyStep,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5,
            result: [
                -19.737654, -3.253757, 0.67653316, 10.165785,
                -4.5212917, 1.0922838, -11.641326, 0.48958617,
            ]))

    private let plan: SDEPlan

    init(_ context: StageContext) throws { plan = try SDEPlan(SchedulerOptions(context)) }

    func trajectory(steps: Int) throws -> any Trajectory {
        let calls = try plan.sigmas.calls(steps: steps)
        return ThirdOrderTrajectory(calls: calls, plan: plan, path: try plan.noise(of: calls))
    }
}

struct ThirdOrderTrajectory: SigmaTrajectory {
    let calls: SigmaCalls
    private let plan: SDEPlan
    private var path: BrownianNoise
    /// x_0 at the last two calls and the lengths in log σ of the steps from there, the newest first.
    private var history: [(original: Tensor, length: Double)] = []

    init(calls: SigmaCalls, plan: SDEPlan, path: BrownianNoise) {
        self.calls = calls
        self.plan = plan
        self.path = path
    }

    /// x' = e^−g · x + (1 − e^−g) · x_0 + φ_2 · D_1 − φ_3 · D_2 + σ' √(1 − e^−2ηh) · z with
    /// h = log(σ / σ'), g = (1 + η) h, and D_1, D_2 the derivatives of x_0 times h and h² from
    /// divided differences.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let (sigma, next) = (calls.grid.sigmas[call], calls.grid.sigmas[call + 1])
        let original = calls.level(call).original(plan.prediction)(sample, output)
        guard next > 0 else { return original }
        let length = log(sigma / next)
        let weights = weights(length)
        var terms = [
            (exp(-(1 + plan.eta) * length), sample), (weights[0], original),
        ]
        terms += zip(weights.dropFirst(), history).map { ($0, $1.original) }
        if plan.eta > 0 {
            let deviation = plan.deviation * next * (-expm1(-2 * plan.eta * length)).squareRoot()
            terms.append(path.term(deviation, from: sigma, to: next, like: sample, &noise))
        }
        history = [(original, length)] + history.prefix(1)
        return linearCombination(terms)
    }

    /// What x_0 counts at this call and those of the history.
    private func weights(_ length: Double) -> [Double] {
        let g = (1 + plan.eta) * length
        let phi1 = -expm1(-g)
        let phi2 = 1 - phi1 / g
        guard let last = history.first else { return [phi1] }
        // Lengths in units of this step's.
        let r0 = last.length / length
        guard history.count > 1 else { return [phi1 + phi2 / r0, -phi2 / r0] }
        let r1 = history[1].length / length
        let phi3 = phi2 / g - 0.5
        // Of the two first differences, of which the second is made.
        let curvature = (phi2 * r0 - phi3) / (r0 + r1)
        let (newer, older) = ((phi2 + curvature) / r0, -curvature / r1)
        return [phi1 + newer, older - newer, -older]
    }
}
