import Checkpoints
import Foundation
import Stages
import Tensors
import TestSupport
import Testing

/// What the solvers in λ do where diffusers gives no numbers to compare with.
@Suite struct SolverTests {
    private typealias Options = [String: SettingValue]

    static let stableDiffusion: [String: SettingValue] = [
        "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    ]

    /// A step to no noise at all has infinite λ: it goes to what the model says the sample is.
    @Test(
        arguments: [
            ("dpmpp_2m", ["lower_order_final": false]),
            ("dpmpp_2m", ["solver_order": 3, "use_karras_sigmas": true, "solver_type": "heun"]),
            ("dpmpp_2m", ["sigmas": .array([14, 3, 1, 0]), "final_sigmas_type": "sigma_min"]),
            ("dpmpp_2m_sde", ["lower_order_final": false]),
            ("dpmpp_2s", ["solver_order": 3]),
            ("unipc", [:]), ("unipc", ["solver_type": "bh1"]),
            ("unipc", ["solver_order": 3, "lower_order_final": false]),
            ("sa_solver", ["sigmas": .array([14, 3, 1, 0]), "predictor_order": 3]),
        ] as [(String, [String: SettingValue])])
    func endsAtTheLastPrediction(_ name: String, _ options: [String: SettingValue]) throws {
        let scheduler = try makeScheduler(
            name,
            Self.stableDiffusion.merging(options) { $1 }
                .merging(["prediction_type": "sample"]) { $1 })
        var trajectory = try scheduler.trajectory(steps: 3)
        #expect(trajectory.sigmas.last == 0)
        var noise = TorchGenerator(seed: 3)
        var sample = noise.normal([1, 1, 2, 2])
        var output = sample
        for call in trajectory.timesteps.indices {
            output = Tensor(sample.shape, sample.values.map { sin($0) + Float(call) })
            sample = trajectory.step(sample, output: output, call: call, noise: &noise)
        }
        expectClose(sample, output, relative: 1e-6)
    }

    /// diffusers gives something that is not finite, or fails, for each of these.
    @Test(
        arguments: [
            ("unipc", ["solver_type": "bh1"], 10), ("unipc", ["predict_x0": false], 10),
            ("unipc", ["lower_order_final": false, "solver_order": 3], 10),
            ("unipc", ["use_karras_sigmas": true, "final_sigmas_type": "sigma_min"], 20),
            (
                "unipc",
                [
                    "use_exponential_sigmas": true, "final_sigmas_type": "sigma_min",
                    "solver_order": 3, "lower_order_final": false,
                ], 20
            ),
            (
                "dpmpp_2m",
                [
                    "use_exponential_sigmas": true, "final_sigmas_type": "sigma_min",
                    "solver_type": "heun",
                ], 20
            ),
            ("dpmpp_2m_inverse", ["use_karras_sigmas": true], 50),
            ("dpmpp_2m_inverse", ["use_exponential_sigmas": true, "solver_type": "heun"], 20),
            ("dpmpp_2m_inverse", ["timestep_spacing": "trailing", "solver_order": 3], 20),
            (
                "dpmpp_2s",
                [
                    "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min",
                    "thresholding": true,
                ], 10
            ),
            (
                "sa_solver",
                ["algorithm_type": "noise_prediction", "thresholding": true], 10
            ),
            ("sa_solver", ["use_karras_sigmas": true, "predictor_order": 4], 20),
            ("deis", ["beta_schedule": "squaredcos_cap_v2", "use_karras_sigmas": true], 20),
            ("deis", ["sigmas": .array([14, 3, 1, 0]), "solver_order": 3], 3),
        ] as [(String, [String: SettingValue], Int)])
    func isFiniteWhereDiffusersIsNot(
        _ name: String, _ options: [String: SettingValue], _ steps: Int
    ) throws {
        let settings = Self.stableDiffusion.merging(options) { $1 }
        let end = try run(try makeScheduler(name, settings).trajectory(steps: steps))
        #expect(end.values.allSatisfy { abs($0) < 1000 }, "\(end.values)")
    }

    /// Within a step, n calls of the single-step solver see a polynomial of n coefficients,
    /// whatever their noise, so what it adds to the sample is known.
    @Test(arguments: [("dpmsolver", 3), ("dpmsolver++", 3), ("sde-dpmsolver++", 2)])
    func singleStepsTakePolynomialsExactly(_ algorithm: String, _ order: Int) throws {
        let scheduler = try makeScheduler(
            "dpmpp_2s",
            Self.stableDiffusion.merging([
                "algorithm_type": .string(algorithm), "solver_order": .integer(order),
                "solver_type": "heun", "final_sigmas_type": "sigma_min",
                "use_exponential_sigmas": true,
                "prediction_type": algorithm == "dpmsolver" ? "epsilon" : "sample",
            ]) { $1 })
        let trajectory = try scheduler.trajectory(steps: 12)
        func polynomial(_ lambda: Double) -> Double {
            let line = 0.3 - 0.2 * lambda
            return order == 3 ? line + 0.1 * lambda * lambda : line
        }
        let with = try run(trajectory) { Float(polynomial(-log($0))) }
        let without = try run(trajectory) { _ in 0 }
        let difference = zip(with.values, without.values).map { $0 - $1 }

        let sigmas = trajectory.sigmas
        let (first, last) = (-log(sigmas[0]), -log(sigmas[12]))
        let end = NoiseLevel.preserving(sigma: sigmas[12])
        let exact =
            switch algorithm {
            case "dpmsolver":
                -end.signal * integral(first, last) { exp(-$0) * polynomial($0) }
            case "dpmsolver++":
                end.signal * integral(first, last) { exp($0 - last) * polynomial($0) }
            default:
                2 * end.signal * integral(first, last) { exp(2 * ($0 - last)) * polynomial($0) }
            }
        expectClose(difference, difference.map { _ in Float(exact) })
    }

    /// Simpson's rule.
    private func integral(_ from: Double, _ to: Double, _ f: (Double) -> Double) -> Double {
        let count = 2000
        let width = (to - from) / Double(count)
        return (0...count).reduce(0) { sum, index in
            let weight = index == 0 || index == count ? 1.0 : index.isMultiple(of: 2) ? 2 : 4
            return sum + weight * f(from + Double(index) * width)
        } * width / 3
    }

    /// - Parameter model: of σ; if there is none, one that sees the sample.
    private func run(
        _ start: any Trajectory, model: ((Double) -> Float)? = nil
    ) throws -> Tensor {
        var trajectory = start
        var noise = TorchGenerator(seed: 5)
        var sample = noise.normal([1, 2, 2, 1])
        for call in trajectory.timesteps.indices {
            let level = trajectory.sigmas[call]
            let output = Tensor(
                sample.shape, sample.values.map { model.map { $0(level) } ?? sin($0) })
            sample = trajectory.step(sample, output: output, call: call, noise: &noise)
        }
        return sample
    }

    /// Configurations are exchanged between schedulers, whose words for their kinds differ.
    @Test(
        arguments: [
            ("dpmpp_2m", ["algorithm_type": "deis", "solver_type": "logrho"]),
            ("dpmpp_2m", ["solver_type": "bh1"]), ("dpmpp_2s", ["solver_type": "bh2"]),
            ("dpmpp_2m_inverse", ["algorithm_type": "deis"]),
            ("deis", ["algorithm_type": "dpmsolver++", "solver_type": "bh2"]),
            ("deis", ["algorithm_type": "dpmsolver", "solver_type": "heun"]),
            ("unipc", ["solver_type": "logrho"]), ("unipc", ["solver_type": "midpoint"]),
        ] as [(String, [String: SettingValue])])
    func wordsOfOthersChangeNothing(_ name: String, _ options: [String: SettingValue]) throws {
        let plain = try run(makeScheduler(name).trajectory(steps: 5))
        let named = try run(makeScheduler(name, options).trajectory(steps: 5))
        #expect(plain.values == named.values)
    }

    @Test(
        arguments: [
            ("dpmpp_2m", ["algorithm_type": "dpmsolver"], "final_sigmas_type"),
            ("dpmpp_2m", ["algorithm_type": "sde-dpmsolver"], "final_sigmas_type"),
            ("dpmpp_2m", ["prediction_type": "flow_prediction"], "prediction_type"),
            ("dpmpp_2m", ["use_flow_sigmas": true], "use_flow_sigmas"),
            ("dpmpp_2m", ["use_dynamic_shifting": true], "use_dynamic_shifting"),
            ("dpmpp_2m", ["variance_type": "learned"], "variance_type"),
            ("dpmpp_2m", ["solver_order": 4], "solver_order"),
            ("dpmpp_2m", ["solver_type": "rk4"], "solver_type"),
            ("dpmpp_2m", ["use_lu_lambdas": true, "use_karras_sigmas": true], "use_lu_lambdas"),
            ("dpmpp_2m", ["lambda_min_clipped": 60], "lambda_min_clipped"),
            ("dpmpp_2m", ["lambda_min_clipped": 40], "lambda_min_clipped"),
            ("dpmpp_2m", ["euler_at_end": true], "euler_at_final"),
            (
                "dpmpp_2m_sde",
                [
                    "algorithm_type": "sde-dpmsolver", "solver_order": 3,
                    "final_sigmas_type": "sigma_min",
                ], "solver_order"
            ),
            ("dpmpp_2s", ["algorithm_type": "sde-dpmsolver"], "algorithm_type"),
            ("dpmpp_2s", ["timestep_spacing": "trailing"], "timestep_spacing"),
            ("dpmpp_2s", ["euler_at_final": true], "euler_at_final"),
            ("dpmpp_2m_inverse", ["algorithm_type": "sde-dpmsolver++"], "algorithm_type"),
            ("dpmpp_2m_inverse", ["timesteps": "ays"], "timesteps"),
            ("dpmpp_2m_inverse", ["final_sigmas_type": "zero"], "final_sigmas_type"),
            ("deis", ["solver_order": 0], "solver_order"),
            ("deis", ["algorithm_type": "sde-dpmsolver"], "algorithm_type"),
            ("deis", ["final_sigmas_type": "zero"], "final_sigmas_type"),
            ("unipc", ["solver_order": 9], "solver_order"),
            ("unipc", ["solver_p": "DDIMScheduler"], "solver_p"),
            ("unipc", ["shift_terminal": 0.1], "shift_terminal"),
            ("unipc", ["disable_corrector": .array([0.5])], "disable_corrector"),
            ("unipc", ["disable_corrector": .array([-1])], "disable_corrector"),
            ("unipc", ["predict_x0": false, "thresholding": true], "thresholding"),
            ("unipc", ["sigma_min": 0], "sigma_min"),
            ("sa_solver", ["tau_func": "one"], "tau_func"),
            ("sa_solver", ["tau": -1], "tau"), ("sa_solver", ["tau": 11], "tau"),
            ("sa_solver", ["predictor_order": 5], "predictor_order"),
            ("sa_solver", ["algorithm_type": "dpmsolver"], "algorithm_type"),
        ] as [(String, [String: SettingValue], String)])
    func refusesWhatItCannotDo(
        _ name: String, _ settings: [String: SettingValue], _ mentioned: String
    ) throws {
        let error = #expect(throws: (any Error).self) { try makeScheduler(name, settings) }
        #expect("\(error as Any)".contains(mentioned), "\(error as Any)")
    }

    @Test(
        arguments: [
            ("dpmpp_2m", [:], 0), ("dpmpp_2m", [:], 1001), ("unipc", [:], 1000),
            ("deis", ["timestep_spacing": "leading"], 1000), ("dpmpp_2m_inverse", [:], 1000),
            ("dpmpp_2m", ["sigmas": .array([9, 1, 0])], 3),
            ("dpmpp_2s", ["timesteps": .array([900, 500])], 3),
            ("sa_solver", ["trained_betas": .array([0.1, 0.1, 0]), "num_train_timesteps": 3], 2),
        ] as [(String, [String: SettingValue], Int)])
    func refusesStepsItCannotTake(
        _ name: String, _ settings: [String: SettingValue], _ steps: Int
    ) throws {
        let scheduler = try makeScheduler(name, settings)
        let error = #expect(throws: SettingError.self) { try scheduler.trajectory(steps: steps) }
        #expect(error?.key == "steps")
    }
}
