import Checkpoints
import Foundation
import Stages
import Tensors
import TestSupport
import Testing

/// A solver with options, and the order with which its error falls.
struct ClaimedOrder: Sendable, CustomTestStringConvertible {
    let scheduler: String
    let order: Double
    /// The error is measured with this many steps and with twice as many.
    let steps: Int
    var prediction = PredictionType.epsilon
    var settings: @Sendable (_ steps: Int) -> [String: SettingValue]

    init(
        _ scheduler: String, _ order: Double, steps: Int, _ settings: [String: SettingValue]
    ) {
        self.scheduler = scheduler
        self.order = order
        self.steps = steps
        self.settings = { _ in settings }
    }

    var testDescription: String {
        let options = settings(1).filter { !Self.common.contains($0.key) }
        return "\(scheduler) \(options.map { "\($0.key)=\($0.value)" }.sorted()), order \(order)"
    }

    static let betas: [String: SettingValue] = [
        "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    ]
    static let karras = betas.merging(["use_karras_sigmas": true]) { $1 }
    private static let common = Set(karras.keys).union(["trained_betas", "num_train_timesteps"])

    static func karras(_ more: [String: SettingValue]) -> [String: SettingValue] {
        karras.merging(more) { $1 }
    }
}

/// The error of N steps falls as N^−order, on a problem whose solution is known.
///
/// Karras' sigmas are a smooth grid, of which twice the steps is a refinement. The slope between
/// N and 2N steps must not be under the order by more than a quarter: the next term of the error
/// is in it, and a multistep method begins with steps of lower order. N is large enough for the
/// first term to lead, and small enough for the error to be well above single precision, in
/// which samples are.
@Suite struct ConvergenceTests {
    private static let noLowerOrders: [String: SettingValue] = ["lower_order_final": false]
    private static let toSigmaMin: [String: SettingValue] = [
        "lower_order_final": false, "final_sigmas_type": "sigma_min",
    ]
    private static func ordered(
        _ order: Int, _ more: [String: SettingValue]
    ) -> [String: SettingValue] {
        ClaimedOrder.karras(more.merging(["solver_order": .integer(order)]) { $1 })
    }

    static let claims: [ClaimedOrder] = [
        ClaimedOrder("deis", 1, steps: 24, ordered(1, noLowerOrders)),
        ClaimedOrder("deis", 2, steps: 24, ordered(2, noLowerOrders)),
        ClaimedOrder("deis", 3, steps: 48, ordered(3, noLowerOrders)),
        ClaimedOrder("dpmpp_2m", 1, steps: 24, ordered(1, [:])),
        ClaimedOrder("dpmpp_2m", 2, steps: 24, ordered(2, [:])),
        ClaimedOrder("dpmpp_2m", 2, steps: 24, ordered(2, ["solver_type": "heun"])),
        // As published, the second divided difference stands for a second derivative, which it
        // is half of: the update with three outputs is of second order.
        ClaimedOrder("dpmpp_2m", 2, steps: 96, ordered(3, [:])),
        ClaimedOrder(
            "dpmpp_2m", 2, steps: 24,
            ordered(2, toSigmaMin.merging(["algorithm_type": "dpmsolver"]) { $1 })),
        ClaimedOrder("dpmpp_2m_inverse", 1, steps: 10, ordered(1, noLowerOrders)),
        ClaimedOrder("dpmpp_2m_inverse", 2, steps: 10, ordered(2, noLowerOrders)),
        ClaimedOrder("dpmpp_2s", 1, steps: 24, ordered(1, toSigmaMin)),
        ClaimedOrder("dpmpp_2s", 2, steps: 24, ordered(2, toSigmaMin)),
        ClaimedOrder("dpmpp_2s", 3, steps: 24, ordered(3, toSigmaMin)),
        ClaimedOrder(
            "dpmpp_2s", 3, steps: 48,
            ordered(3, toSigmaMin.merging(["algorithm_type": "dpmsolver"]) { $1 })),
        ClaimedOrder("dpm2", 2, steps: 20, ClaimedOrder.karras),
        // Without noise; as the update of dpmpp_2m with three outputs.
        ClaimedOrder("dpmpp_2s_a", 2, steps: 24, ClaimedOrder.karras(["eta": 0])),
        ClaimedOrder("dpmpp_3m_sde", 2, steps: 96, ClaimedOrder.karras(["eta": 0])),
        ClaimedOrder("euler", 1, steps: 20, ClaimedOrder.karras),
        ClaimedOrder("heun", 2, steps: 20, ClaimedOrder.karras),
        ClaimedOrder("lms", 1, steps: 40, ClaimedOrder.karras(["order": 1])),
        ClaimedOrder("lms", 2, steps: 40, ClaimedOrder.karras(["order": 2])),
        ClaimedOrder("lms", 3, steps: 40, ClaimedOrder.karras(["order": 3])),
        // A first step of Euler's weighs against the fourth order.
        ClaimedOrder("lms", 3.75, steps: 40, ClaimedOrder.karras(["order": 4])),
        // The corrector adds one.
        ClaimedOrder("unipc", 2, steps: 24, ordered(1, [:])),
        ClaimedOrder("unipc", 3, steps: 24, ordered(2, [:])),
        ClaimedOrder("unipc", 4, steps: 24, ordered(3, [:])),
        ClaimedOrder("unipc", 1, steps: 24, ordered(1, withoutCorrector)),
        ClaimedOrder("unipc", 2, steps: 24, ordered(2, withoutCorrector)),
        ClaimedOrder("unipc", 3, steps: 48, ordered(3, withoutCorrector)),
        ClaimedOrder("sa_solver", 2, steps: 24, adams(predictor: 1, corrector: 2)),
        ClaimedOrder("sa_solver", 3, steps: 24, adams(predictor: 2, corrector: 3)),
        ClaimedOrder("sa_solver", 4, steps: 24, adams(predictor: 3, corrector: 4)),
    ]
    private static let withoutCorrector: [String: SettingValue] = [
        "disable_corrector": .array((0..<100).map { .integer($0) })
    ]
    /// Without noise.
    private static func adams(predictor: Int, corrector: Int) -> [String: SettingValue] {
        ClaimedOrder.karras([
            "predictor_order": .integer(predictor), "corrector_order": .integer(corrector),
            "tau": 0, "lower_order_final": false,
        ])
    }

    @Test(arguments: claims + timestepClaims)
    func errorFallsWithTheOrder(_ claim: ClaimedOrder) throws {
        let few = try error(claim, steps: claim.steps)
        let many = try error(claim, steps: 2 * claim.steps)
        let slope = log2(few / many)
        #expect(slope >= claim.order - 0.25, "error \(few), then \(many): slope \(slope)")
        #expect(many > 1e-5, "single precision is in this: \(many)")
    }

    /// The largest error over a spread of starts.
    private func error(_ claim: ClaimedOrder, steps: Int) throws -> Double {
        let places = (-4...4).map { Double($0) / 2 }
        let shape: Shape = [1, 1, 1, 9]
        var run = try NormalRun(
            claim.scheduler, claim.settings(steps), steps: steps, claim.prediction, shape)
        let first = run.level(0)
        let start = Tensor(shape, places.map { Float(run.data.sample($0, at: first)) })
        var noise = TorchGenerator(seed: 1)
        let (sample, level) = run.lastNoisySample(from: start, noise: &noise)
        return zip(sample.values, places).reduce(0) { worst, pair in
            max(worst, abs(Double(pair.0) - run.data.sample(pair.1, at: level)))
        }
    }
}

/// Solvers that step between training timesteps: on a schedule that is smooth to its end, where
/// that of Stable Diffusion is not.
extension ConvergenceTests {
    /// σ = 0.03 to 14.6 in equal ratios.
    private static let smooth: [String: SettingValue] = {
        let count = 1000
        let alphas = (0..<count).map { timestep in
            let sigma = 0.03 * pow(14.6 / 0.03, Double(timestep) / Double(count - 1))
            return 1 / (1 + sigma * sigma)
        }
        let betas = zip([1] + alphas, alphas).map { SettingValue.number(1 - $1 / $0) }
        return [
            "trained_betas": .array(betas), "num_train_timesteps": .integer(count),
        ]
    }()
    static func smooth(_ more: [String: SettingValue]) -> [String: SettingValue] {
        smooth.merging(more) { $1 }
    }

    static let timestepClaims: [ClaimedOrder] = [
        ClaimedOrder(
            "ddim", 1, steps: 50, smooth(["clip_sample": false, "set_alpha_to_one": false])),
        ClaimedOrder(
            "ddim_inverse", 1, steps: 50,
            smooth(["clip_sample": false, "set_alpha_to_one": false])),
        // Of second order: the coefficients are of fourth order in time, but what they are
        // applied to is not the derivative in time (Liu et al. 2022: second-order convergent).
        ClaimedOrder("pndm", 2, steps: 50, smooth(["skip_prk_steps": true])),
        ClaimedOrder("pndm", 2, steps: 50, smooth([:])),
        ipndm,
    ]

    /// From just below noise alone: at noise alone its first step takes x_0 to be 0, an error
    /// that falls with the step.
    private static let ipndm: ClaimedOrder = {
        var claim = ClaimedOrder("ipndm", 2, steps: 80, [:])
        claim.prediction = .velocity
        claim.settings = { steps in
            let noises = (0...steps).map { step -> SettingValue in
                let sine = sin((1 - Double(step) / Double(steps)) * .pi / 2)
                return .number(0.99 * sine * sine)
            }
            return ["trained_betas": .array(noises), "num_train_timesteps": .integer(steps)]
        }
        return claim
    }()
}
