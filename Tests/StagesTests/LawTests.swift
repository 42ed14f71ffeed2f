import Checkpoints
import Foundation
import Stages
import Tensors
import TestSupport
import Testing

/// A scheduler that draws noise, and how far the spread of its samples may be from the data's.
struct ClaimedLaw: Sendable, CustomTestStringConvertible {
    let scheduler: String
    /// As a share of the standard deviation, at ``LawTests/steps`` steps.
    let bias: Double
    let settings: [String: SettingValue]

    init(_ scheduler: String, bias: Double, _ settings: [String: SettingValue] = [:]) {
        self.scheduler = scheduler
        self.bias = bias
        self.settings = settings
    }

    var testDescription: String {
        "\(scheduler) \(settings.map { "\($0.key)=\($0.value)" }.sorted())"
    }
}

/// What is sampled has the mean and the spread of the data, whatever noise came in between.
///
/// The bias of a finite number of steps is of first order where the update is (a twentieth of the
/// standard deviation and more in 50 steps), and under a hundredth where it is of second.
@Suite struct LawTests {
    static let steps = 50
    private static let shape: Shape = [1, 50, 50, 4]

    static let claims: [ClaimedLaw] = [
        ClaimedLaw("dpm2_a", bias: 0.01, ClaimedOrder.karras),
        ClaimedLaw("dpmpp_2m_sde", bias: 0.07, sde(["solver_order": 1])),
        ClaimedLaw("dpmpp_2m_sde", bias: 0.01, sde(["solver_order": 2])),
        ClaimedLaw("dpmpp_2m_sde", bias: 0.015, sde(["solver_type": "heun"])),
        // Three outputs with the factor that ConvergenceTests speaks of.
        ClaimedLaw("dpmpp_2m_sde", bias: 0.045, sde(["solver_order": 3])),
        ClaimedLaw(
            "dpmpp_2m_sde", bias: 0.01,
            sde(["algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min"])),
        // A group of steps draws noise in each, and keeps that of the last alone.
        ClaimedLaw("dpmpp_2s", bias: 0.12, sde(["final_sigmas_type": "sigma_min"])),
        ClaimedLaw("dpmpp_2s_a", bias: 0.01, ClaimedOrder.karras),
        ClaimedLaw("dpmpp_2s_a", bias: 0.01, ClaimedOrder.karras(["eta": 0.5])),
        ClaimedLaw("dpmpp_3m_sde", bias: 0.01, ClaimedOrder.karras),
        ClaimedLaw("dpmpp_3m_sde", bias: 0.01, ClaimedOrder.karras(["eta": 0.5])),
        ClaimedLaw("dpmpp_sde", bias: 0.01, ClaimedOrder.karras),
        ClaimedLaw("euler", bias: 0.14, ClaimedOrder.karras(["s_churn": 20])),
        ClaimedLaw("euler_a", bias: 0.09, ClaimedOrder.betas),
        ClaimedLaw("sa_solver", bias: 0.01, ClaimedOrder.karras),
        ClaimedLaw(
            "sa_solver", bias: 0.015,
            ClaimedOrder.karras(["tau": 1, "tau_start": 0, "tau_end": 1000])),
        ClaimedLaw("ddim", bias: 0.065, smooth(["eta": 1.0])),
        ClaimedLaw("ddim", bias: 0.04, smooth(["eta": 0.5])),
        ClaimedLaw("ddpm", bias: 0.065, smooth([:])),
        ClaimedLaw("ddpm", bias: 0.025, smooth(["variance_type": "fixed_large"])),
    ]
    private static func sde(_ more: [String: SettingValue]) -> [String: SettingValue] {
        ClaimedOrder.karras(["algorithm_type": "sde-dpmsolver++"].merging(more) { $1 })
    }
    private static func smooth(_ more: [String: SettingValue]) -> [String: SettingValue] {
        ConvergenceTests.smooth(["clip_sample": false].merging(more) { $1 })
    }

    @Test(arguments: claims)
    func samplesAreSpreadAsTheData(_ claim: ClaimedLaw) throws {
        var noise = TorchGenerator(seed: 5)
        var run = try NormalRun(
            claim.scheduler, claim.settings, steps: Self.steps, .epsilon, Self.shape)
        let first = run.level(0)
        let start = linearCombination([
            (run.data.standardDeviation(at: first), noise.normal(Self.shape)),
            (run.data.sample(0, at: first), Tensor(Self.shape, repeating: 1)),
        ])
        let (sample, level) = run.lastNoisySample(from: start, noise: &noise)

        let values = sample.values.map(Double.init)
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let spread = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
        let expected = run.data.standardDeviation(at: level)
        // Four standard deviations of the mean, and of the spread, of so many normal numbers.
        let offset = (mean - run.data.sample(0, at: level)) / expected
        #expect(abs(offset) < 4 / count.squareRoot(), "mean off by \(offset) deviations")
        let ratio = spread / expected
        #expect(
            abs(ratio - 1) < claim.bias + 4 / (2 * count).squareRoot(),
            "spread \(ratio) of the data's")
    }
}
