import Checkpoints
import Foundation
import Stages
import Tensors
import TestSupport
import Testing

/// Whole trajectories against diffusers', at every call (Tests/Reference/schedulers).
@Suite struct SchedulerTests {
    static let schedulers: Set<String> = [
        "ddim", "ddim_inverse", "ddpm", "deis", "dpm2", "dpm2_a", "dpmpp_2m", "dpmpp_2m_inverse",
        "dpmpp_2m_sde", "dpmpp_2s", "dpmpp_2s_a", "dpmpp_3m_sde", "dpmpp_sde", "euler", "euler_a",
        "heun", "ipndm", "lcm", "lms", "pndm", "sa_solver", "tcd", "unipc",
    ]

    @Test(arguments: try ReferenceRun.all(of: schedulers))
    func trajectoryIsThatOfDiffusers(_ run: ReferenceRun) throws {
        let reference = try run.trajectory()
        var trajectory = try run.makeScheduler().trajectory(steps: run.steps)
        expectClose(trajectory.timesteps, reference.timesteps)
        expectSigmas(trajectory, reference)
        let scale = trajectory.initialNoiseScale
        expectClose([scale], [reference.initialNoiseScale])

        var noise = TorchGenerator(seed: run.seed)
        var sample = linearCombination([
            (Double(scale), noise.normal(run.shape).channelsInnermost())
        ])
        expectClose(sample.values, reference.samples[0])
        for (call, timestep) in trajectory.timesteps.enumerated() {
            let seen = trajectory.modelInput(sample, call: call)
            let output = Tensor(
                seen.shape, seen.values.map { sin($0) * (0.5 + timestep / 2000) + 0.1 })
            sample = trajectory.step(sample, output: output, call: call, noise: &noise)
            expectClose(sample.values, reference.samples[call + 1])
        }
    }

    /// Both say them, or there is nothing to compare.
    private func expectSigmas(
        _ trajectory: any Trajectory, _ reference: ReferenceRun.Trajectory
    ) {
        guard let expected = reference.sigmas, !trajectory.sigmas.isEmpty else { return }
        #expect(trajectory.sigmas.count == expected.count)
        for (own, known) in zip(trajectory.sigmas, expected) where own != Double(known) {
            #expect(abs(own / Double(known) - 1) < 1e-6)
        }
    }

    @Test func paperCallsTheModelFiftyOneTimes() throws {
        let scheduler = try makeScheduler(
            "pndm", ["skip_prk_steps": .boolean(true), "steps_offset": .integer(1)])
        let timesteps = try scheduler.trajectory(steps: 50).timesteps
        #expect(timesteps.count == 51)
        #expect(timesteps.prefix(5) == [981, 961, 961, 941, 921])
        #expect(timesteps.last == 1)
    }

    /// Two images at different steps of one scheduler do not disturb each other.
    @Test(arguments: [
        "ddim", "pndm", "echo", "heun", "lms", "dpmpp_sde", "dpmpp_2m", "dpmpp_2m_sde",
        "dpmpp_2m_inverse", "dpmpp_2s", "deis", "unipc", "sa_solver",
    ])
    func trajectoriesAreIndependent(_ name: String) throws {
        let scheduler = try makeScheduler(name)
        func run(_ start: Float, between: () -> Void = {}) throws -> [Float] {
            var trajectory = try scheduler.trajectory(steps: 6)
            var noise = TorchGenerator(seed: 1)
            var sample = Tensor([1, 1, 1, 2], [start, -start])
            for call in trajectory.timesteps.indices {
                sample = trajectory.step(
                    sample, output: Tensor(sample.shape, sample.values.map(sin)), call: call,
                    noise: &noise)
                between()
            }
            return sample.values
        }
        let alone = try run(0.7)
        var other = try scheduler.trajectory(steps: 6)
        var noise = TorchGenerator(seed: 2)
        var call = 0
        let beside = try run(0.7) {
            guard call < other.timesteps.count else { return }
            let sample = Tensor([1, 1, 1, 2], repeating: 3)
            _ = other.step(sample, output: sample, call: call, noise: &noise)
            call += 1
        }
        #expect(alone == beside)
    }

    @Test(arguments: [
        ("ddim", ["prediction_type": SettingValue.string("noise")], "prediction_type"),
        ("ddim", ["thresholding": .string("yes")], "thresholding"),
        ("ddim", ["trained_betas": .array([.number(0.1)])], "set num_train_timesteps to 1"),
        ("ddim", ["timesteps": .array([1, 2])], "descending"),
        ("ddim", ["dynamic_thresholding_ration": .number(0.9)], "dynamic_thresholding_ratio"),
        ("ddpm", ["variance_type": .string("learned")], "variance_type"),
        ("ddpm", ["eta": .number(0.1)], "beta"),
        ("lcm", ["original_inference_steps": .integer(2000)], "original_inference_steps"),
        ("tcd", ["eta": .number(-0.1)], "eta"),
        ("ipndm", ["trained_betas": .array([.number(2)])], "trained_betas"),
        ("ddim", ["eta": .number(1.5)], "eta"),
        ("ddim", ["beta_start": .number(0), "beta_end": .number(0)], "beta"),
        ("pndm", ["prediction_type": .string("sample")], "prediction_type"),
        ("pndm", ["skip_prk": .boolean(true)], "skip_prk_steps"),
        ("pndm", ["timestep_spacing": .integer(3)], "timestep_spacing"),
        ("pndm", ["num_train_timesteps": .integer(0)], "num_train_timesteps"),
    ])
    func refusesBadSettings(
        _ name: String, _ settings: [String: SettingValue], _ mentioned: String
    ) throws {
        let error = #expect(throws: (any Error).self) { try makeScheduler(name, settings) }
        #expect("\(error as Any)".contains(mentioned), "\(error as Any)")
    }

    @Test(
        arguments: [
            ("ddim", [:], 0), ("ddim", [:], 1001), ("pndm", [:], 3), ("pndm", [:], -1),
            ("lcm", [:], 51), ("ipndm", [:], 0), ("ddim", ["timesteps": .array([9, 3])], 3),
            ("ddim", ["steps_offset": .integer(1)], 1000),
            (
                "ddim",
                [
                    "rescale_betas_zero_snr": .boolean(true),
                    "timestep_spacing": .string("trailing"),
                ], 10
            ),
        ] as [(String, [String: SettingValue], Int)])
    func refusesStepsItCannotTake(
        _ name: String, _ settings: [String: SettingValue], _ steps: Int
    ) throws {
        let scheduler = try makeScheduler(name, settings)
        #expect(throws: SettingError.self) { try scheduler.trajectory(steps: steps) }
    }

    @Test func tableOverridesModelFolder() throws {
        let (folder, _) = ModelFolder.recording(
            configuration: Settings(["steps_offset": .integer(1), "sample_size": .integer(9)]))
        let table: [String: SettingValue] = ["steps_offset": .integer(2)]
        #expect(try makeScheduler("ddim", [:], folder).trajectory(steps: 2).timesteps == [501, 1])
        #expect(
            try makeScheduler("ddim", table, folder).trajectory(steps: 2).timesteps == [502, 2])
    }

    /// As diffusers publishes it: a configuration, no weights, keys of other algorithms.
    @Test func readsAPublishedFolder() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "voken-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let json = """
            {
              "_class_name": "PNDMScheduler", "_diffusers_version": "0.10.0.dev0",
              "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
              "clip_sample": false, "num_train_timesteps": 1000, "prediction_type": "epsilon",
              "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1,
              "trained_betas": null
            }
            """
        try json.write(
            to: folder.appending(path: "scheduler_config.json"), atomically: true, encoding: .utf8)
        let model = try ModelFolder.open(folder.path)
        #expect(model.weightsHash == nil)
        #expect(try makeScheduler("pndm", [:], model).trajectory(steps: 50).timesteps.count == 51)
        #expect(try makeScheduler("ddim", [:], model).trajectory(steps: 50).timesteps.first == 981)
    }
}
