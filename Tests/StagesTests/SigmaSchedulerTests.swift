import Checkpoints
import Glibc
import Stages
import Tensors
import TestSupport
import Testing

/// What the schedulers whose samples are x_0 + σ · ε share, besides that their trajectories are
/// the reference's.
@Suite struct SigmaSchedulerTests {
    static let schedulers = [
        "dpm2", "dpm2_a", "dpmpp_2s_a", "dpmpp_3m_sde", "dpmpp_sde", "euler", "euler_a", "heun",
        "lms",
    ]

    /// A model says the same thing in three ways; diffusers knows two of them for most of these.
    @Test(arguments: schedulers)
    func predictionTypesAgree(_ name: String) throws {
        let epsilon = try run(name, "epsilon") { x, original, sigma in (x - original) / sigma }
        let original = try run(name, "sample") { _, original, _ in original }
        let velocity = try run(name, "v_prediction") { x, original, sigma in
            let scale = (sigma * sigma + 1).squareRoot()
            return (x / (scale * scale) - original) * scale / sigma
        }
        expectClose(original, epsilon, relative: 1e-4)
        expectClose(velocity, epsilon, relative: 1e-4)
    }

    /// - Parameter output: what the model says of x = x_0 + σ · ε.
    private func run(
        _ name: String, _ prediction: String,
        output: (_ x: Float, _ original: Float, _ sigma: Float) -> Float
    ) throws -> [Float] {
        var trajectory = try makeScheduler(
            name, ["prediction_type": .string(prediction), "use_karras_sigmas": .boolean(true)]
        ).trajectory(steps: 7)
        var noise = TorchGenerator(seed: 3)
        var sample = noise.normal([1, 2, 2, 4]).scaled(by: trajectory.initialNoiseScale)
        for call in trajectory.timesteps.indices {
            let seen = trajectory.modelInput(sample, call: call).values
            let scale = trajectory.modelInput(Tensor([1], [1]), call: call).values[0]
            let sigma = (1 / (scale * scale) - 1).squareRoot()
            let outputs = zip(sample.values, seen).map { x, seen in
                output(x, tanhf(seen) + trajectory.timesteps[call] / 2000, sigma)
            }
            sample = trajectory.step(
                sample, output: Tensor(sample.shape, outputs), call: call, noise: &noise)
        }
        return sample.values
    }

    /// At `eta` 0 the ancestral solver is the one without noise.
    @Test func ancestralWithoutNoiseIsSingleStep() throws {
        func samples(_ name: String, _ settings: [String: SettingValue]) throws -> [Float] {
            var trajectory = try makeScheduler(name, settings).trajectory(steps: 5)
            var noise = TorchGenerator(seed: 1)
            var sample = Tensor([1, 1, 1, 3], [4, -9, 0.5])
            for call in trajectory.timesteps.indices {
                let seen = trajectory.modelInput(sample, call: call)
                sample = trajectory.step(
                    sample, output: Tensor(seen.shape, seen.values.map(tanhf)), call: call,
                    noise: &noise)
            }
            return sample.values
        }
        let without: [String: SettingValue] = ["eta": .number(0)]
        expectClose(try samples("dpmpp_2s_a", without), try samples("dpmpp_sde", without))
    }

    /// The seed of a path is the image's, or the option's whatever the image's is.
    @Test(arguments: ["dpmpp_sde", "dpmpp_3m_sde"])
    func pathHasItsSeed(_ name: String) throws {
        func noise(of image: UInt64, _ settings: [String: SettingValue]) throws -> [Float] {
            var trajectory = try makeScheduler(name, settings).trajectory(steps: 3)
            var noise = TorchGenerator(seed: image)
            let zero = Tensor([1, 2, 2, 3], repeating: 0)
            return trajectory.step(zero, output: zero, call: 0, noise: &noise).values
        }
        let fixed: [String: SettingValue] = ["noise_sampler_seed": .integer(5)]
        #expect(try noise(of: 1, [:]) == noise(of: 1, [:]))
        #expect(try noise(of: 1, [:]) != noise(of: 2, [:]))
        #expect(try noise(of: 1, fixed) == noise(of: 2, fixed))
        #expect(try noise(of: 1, fixed) != noise(of: 1, [:]))
    }

    @Test(
        arguments: [
            ("euler", ["interpolation_type": .string("cubic")], "interpolation_type"),
            ("euler", ["timestep_type": .string("real")], "timestep_type"),
            ("euler", ["s_churn": .number(-1)], "s_churn"),
            ("euler", ["s_tmin": .string("low")], "s_tmin"),
            ("euler", ["sigma_max": .number(0)], "sigma_max"),
            ("euler", ["sigmas": .array([.number(1), .number(2)])], "sigmas"),
            (
                "euler",
                ["use_karras_sigmas": .boolean(true), "use_beta_sigmas": .boolean(true)],
                "use_beta_sigmas"
            ),
            (
                "euler",
                [
                    "timestep_type": .string("continuous"),
                    "prediction_type": .string("v_prediction"), "timesteps": .string("ays"),
                ], "timesteps"
            ),
            ("euler_a", ["s_churn": .number(1)], "s_churn"),
            ("heun", ["clip_sample_range": .number(-1)], "clip_sample_range"),
            ("dpm2", ["clip_sample": .boolean(true)], "clip_sample"),
            ("dpm2_a", ["eta": .number(1)], "eta"),
            ("lms", ["order": .integer(5)], "order"),
            ("dpmpp_sde", ["noise_sampler_seed": .integer(-1)], "noise_sampler_seed"),
            ("dpmpp_2s_a", ["eta": .number(1.5)], "eta"),
            ("dpmpp_2s_a", ["noise_sampler_seed": .integer(1)], "noise_sampler_seed"),
            ("dpmpp_3m_sde", ["s_noise": .boolean(true)], "s_noise"),
        ] as [(String, [String: SettingValue], String)])
    func refusesBadSettings(
        _ name: String, _ settings: [String: SettingValue], _ mentioned: String
    ) throws {
        let error = #expect(throws: (any Error).self) { try makeScheduler(name, settings) }
        #expect("\(error as Any)".contains(mentioned), "\(error as Any)")
    }

    @Test(
        arguments: [
            (
                "euler", ["use_karras_sigmas": .boolean(true), "sigma_min": .number(1000)], 5,
                "sigma_min"
            ),
            ("heun", ["timesteps": .array([.integer(700), .integer(30)])], 3, "timesteps"),
            (
                "dpmpp_sde",
                ["sigmas": .array([.number(1e6), .number(20), .number(0)])], 3, "sigmas"
            ),
            // Where the levels are so high that a path has no digits left between them.
            (
                "dpmpp_3m_sde",
                [
                    "num_train_timesteps": .integer(4),
                    "trained_betas": .array([SettingValue](repeating: .number(0.9999), count: 4)),
                ], 2, "trained_betas"
            ),
        ] as [(String, [String: SettingValue], Int, String)])
    func refusesStepsItCannotTake(
        _ name: String, _ settings: [String: SettingValue], _ steps: Int, _ mentioned: String
    ) throws {
        let scheduler = try makeScheduler(name, settings)
        let error = #expect(throws: SettingError.self) { try scheduler.trajectory(steps: steps) }
        #expect("\(error as Any)".contains(mentioned), "\(error as Any)")
    }
}
