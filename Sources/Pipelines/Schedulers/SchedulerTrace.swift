public import Checkpoints
import Stages
import Tensors

/// A whole run of a scheduler with the model's outputs from a file: what others compare theirs
/// with.
public struct SchedulerTrace: Sendable {
    /// In our own dialect.
    public let name: String
    /// Of the model.
    public let calls: Int
    /// The calls whose steps drew noise.
    public let noisyCalls: Int
    /// Outputs in the file that no call has asked for.
    public let unused: Int
    let tensors: [(name: String, numbers: Safetensors.Numbers)]

    /// Where a run starts.
    public enum Start: Sendable {
        /// The tensor `sample` of a file, at the scale that the scheduler starts from. Noise of
        /// the steps comes from a fresh generator.
        case sample(String)
        /// Normal noise of a shape, times the initial noise scale. Noise of the steps comes from
        /// the generator that has drawn it.
        case shape([Int])
    }

    /// The most numbers that a trace may hold.
    private static let maximumNumbers = 1 << 28

    /// Runs the scheduler.
    /// - Parameters:
    ///   - outputs: a file with the tensors `0000`, `0001`, …, one for each call, in the shape of
    ///     the sample.
    ///   - seed: of torch's CPU generator.
    /// - Throws: a ``RequestError`` for what cannot be asked for, a `CheckpointError` for a file
    ///   that does not hold what it should.
    public init(
        _ configuration: SchedulerConfiguration, steps: Int, from start: Start, outputs: String,
        seed: UInt64
    ) throws {
        let sample = try configuration.make()
        var trajectory = try sample.trajectory(steps: steps)
        let calls = trajectory.timesteps.count
        var noise = TorchGenerator(seed: seed)
        let layout: SampleLayout
        var current: Tensor
        switch start {
        case .sample(let path):
            let numbers = try Self.numbers("sample", in: Safetensors(path: path))
            layout = try SampleLayout(numbers.extents)
            current = layout.tensor(numbers.values)
        case .shape(let extents):
            layout = try SampleLayout(extents)
            let scale = Double(trajectory.initialNoiseScale)
            current = linearCombination([(scale, layout.tensor(noise.normal(layout.count)))])
        }
        guard layout.count <= Self.maximumNumbers / max(calls, 1) else {
            throw RequestError(
                .invalid,
                "\(calls) calls with samples of \(layout.count) numbers are over the limit of "
                    + "\(Self.maximumNumbers) numbers; take fewer steps or a smaller sample")
        }
        let file = try Safetensors(path: outputs)
        try Self.check(file, calls: calls, steps: steps, layout)

        var tensors = Self.plan(trajectory)
        var noisyCalls = 0
        for call in 0..<calls {
            let output = layout.tensor(try Self.numbers(Self.name(call), in: file).values)
            var before = noise
            current = trajectory.step(current, output: output, call: call, noise: &noise)
            var after = noise
            if before.nextUInt64() != after.nextUInt64() { noisyCalls += 1 }
            guard current.shape == layout.shape else {
                throw RequestError(
                    .stageFailed,
                    "\(sample.name) made a sample of shape \(current.shape) from one of "
                        + "\(layout.shape)")
            }
            tensors.append((Self.name(call), layout.numbers(current)))
        }
        name = sample.name
        self.calls = calls
        self.noisyCalls = noisyCalls
        unused = file.names.count - calls
        self.tensors = tensors
    }

    /// Writes `timesteps`, `sigmas` where the scheduler says them, and the sample after each call
    /// as `0000`, `0001`, …; the file appears when it is complete.
    public func write(to path: String) throws(CheckpointError) {
        try Safetensors.write(numbers: tensors, to: path)
    }

    private static func plan(
        _ trajectory: any Trajectory
    ) -> [(name: String, numbers: Safetensors.Numbers)] {
        func row(_ values: [Float]) -> Safetensors.Numbers {
            Safetensors.Numbers(extents: [values.count], values: values)
        }
        let timesteps = ("timesteps", row(trajectory.timesteps))
        guard !trajectory.sigmas.isEmpty else { return [timesteps] }
        return [timesteps, ("sigmas", row(trajectory.sigmas.map { Float($0) }))]
    }

    /// The tensor of a call.
    private static func name(_ call: Int) -> String {
        let digits = String(call)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// All outputs are looked at before the first is used.
    private static func check(
        _ file: Safetensors, calls: Int, steps: Int, _ layout: SampleLayout
    ) throws {
        for call in 0..<calls {
            guard let extents = file.extents(of: name(call)) else {
                throw CheckpointError(
                    .malformed, path: file.path,
                    "there is no tensor \(name(call)): \(steps) steps are \(calls) calls, and need "
                        + "the outputs 0000 to \(name(calls - 1))")
            }
            guard extents == layout.extents else {
                throw CheckpointError(
                    .malformed, path: file.path,
                    "tensor \(name(call)) has the shape \(extents), the sample \(layout.extents)")
            }
        }
    }

    private static func numbers(
        _ name: String, in file: Safetensors
    ) throws -> Safetensors.Numbers {
        guard let numbers = try file.numbers(named: name) else {
            throw CheckpointError(
                .malformed, path: file.path,
                "there is no tensor \(name), only \(file.names.prefix(8).joined(separator: ", "))")
        }
        guard numbers.values.allSatisfy(\.isFinite) else {
            throw CheckpointError(
                .malformed, path: file.path, "tensor \(name) has numbers that are not finite")
        }
        return numbers
    }
}
