import Tensors

extension StageCheck {
    /// Whole trajectories of a few lengths; a length that the algorithm cannot take is passed
    /// over, but not all of them.
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
        try require(taken > 0, "trajectory", "it can take neither few steps nor many")
    }

    private func timesteps(
        _ trajectory: any Trajectory, _ steps: Int, _ check: String
    ) throws(StageCheckError) {
        let timesteps = trajectory.timesteps
        try require(
            timesteps.count >= steps, check, "only \(timesteps.count) calls of the model")
        try require(
            timesteps.allSatisfy { $0.isFinite && $0 >= 0 }, check,
            "timesteps \(timesteps) are not all finite and at least 0")
        try require(
            zip(timesteps, timesteps.dropFirst()).allSatisfy { $0 >= $1 }, check,
            "timesteps \(timesteps) do not descend")
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
}
