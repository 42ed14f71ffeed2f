import Checkpoints
import Glibc
import Tensors

extension StageCheck {
    /// Whole trajectories of a few lengths, and the run whose numbers are known; a length that the
    /// algorithm cannot take is passed over, but not all of them.
    func scheduler(_ stage: any Scheduler) throws(StageCheckError) {
        var taken = 0
        for steps in [1, 2, 3, 4, 10, 25] {
            let check = "\(steps) steps"
            guard let trajectory = try? stage.trajectory(steps: steps) else { continue }
            taken += 1
            try timesteps(trajectory, steps, check)
            let first = try samples(trajectory, seed: 1, check)
            let second = try samples(trajectory, seed: 1, check)
            try require(
                first.values == second.values, check, "the same run gave other numbers")
        }
        if taken == 0 { try custom(stage) }
        try knownRun(type(of: stage))
    }

    /// A scheduler whose options list its timesteps takes that many steps and no others.
    private func custom(_ stage: any Scheduler) throws(StageCheckError) {
        for steps in 1...1000 {
            guard let trajectory = try? stage.trajectory(steps: steps) else { continue }
            try timesteps(trajectory, steps, "\(steps) steps")
            _ = try samples(trajectory, seed: 1, "\(steps) steps")
            return
        }
        try fail("trajectory", "it can take neither few steps nor many")
    }

    private func timesteps(
        _ trajectory: any Trajectory, _ steps: Int, _ check: String
    ) throws(StageCheckError) {
        let timesteps = trajectory.timesteps
        try require(!timesteps.isEmpty, check, "no calls of the model")
        try require(
            timesteps.allSatisfy(\.isFinite), check, "timesteps \(timesteps) are not all finite")
        try require(
            trajectory.sigmas.allSatisfy { !$0.isNaN && $0 >= 0 }, check,
            "sigmas \(trajectory.sigmas) are not all at least 0")
        let scale = trajectory.initialNoiseScale
        try require(scale.isFinite && scale > 0, check, "initial noise scale \(scale)")
    }

    /// Runs a trajectory against a model that is bounded and depends on the sample.
    private func samples(
        _ trajectory: any Trajectory, seed: UInt64, _ check: String
    ) throws(StageCheckError) -> Tensor {
        var trajectory = trajectory
        var noise = TorchGenerator(seed: seed)
        let scale = trajectory.initialNoiseScale
        let start = input([1, 2, 3, 4])
        var sample = Tensor(start.shape, start.values.map { $0 * scale })
        for call in trajectory.timesteps.indices {
            let seen = trajectory.modelInput(sample, call: call)
            try requireShape(seen, sample.shape, check)
            let output = Tensor(seen.shape, seen.values.map { $0 / (1 + abs($0)) })
            sample = trajectory.step(sample, output: output, call: call, noise: &noise)
            try requireShape(sample, start.shape, "\(check), call \(call)")
            try requireFinite(sample, "\(check), call \(call)")
        }
        return sample
    }

    /// Repeats the run whose numbers are known, with a scheduler of that run's options.
    private func knownRun(_ type: any Scheduler.Type) throws(StageCheckError) {
        guard let run = type.summary.knownRun else { return }
        let check = "the known run of \(run.steps) steps"
        var trajectory: any Trajectory
        do {
            let context = StageContext(model: nil, settings: Settings(run.options))
            trajectory = try type.init(context).trajectory(steps: run.steps)
        } catch {
            try fail(check, "\(error)")
        }
        let result = KnownRunProblem.solve(&trajectory).values
        let largest = result.reduce(0) { max($0, abs($1)) }
        for (index, (own, known)) in zip(result, run.result).enumerated() {
            try require(
                abs(Double(own) - known) <= 1e-5 * Double(largest), check,
                "element \(index) of the result is \(own), not \(known)")
        }
    }
}

/// The problem of ``SchedulerSummary/KnownRun``.
enum KnownRunProblem {
    static func solve(_ trajectory: inout any Trajectory) -> Tensor {
        var noise = TorchGenerator(seed: 0)
        let start = noise.normal(like: Tensor([1, 2, 2, 4], repeating: 0))
        var sample = start.scaled(by: trajectory.initialNoiseScale)
        for (call, timestep) in trajectory.timesteps.enumerated() {
            let seen = trajectory.modelInput(sample, call: call)
            let output = Tensor(
                seen.shape, seen.values.map { sinf($0) * (0.5 + timestep / 2000) + 0.1 })
            sample = trajectory.step(sample, output: output, call: call, noise: &noise)
        }
        return sample
    }
}
