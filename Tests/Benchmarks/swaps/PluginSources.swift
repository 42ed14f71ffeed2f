import BenchmarkSupport

/// A scheduler that does one wrong thing, which is written into its file afterwards: the name of
/// the deed takes the place of `good` in ``misbehaviour``.
let misbehavingPlugin = #"""
    import Checkpoints
    import Glibc
    import Stages
    import Tensors

    let misbehaviour = "misbehaviour:good............"

    func does(_ deed: String) -> Bool { misbehaviour.hasPrefix("misbehaviour:\(deed).") }

    func hang() { while CommandLine.argc > 0 { usleep(1000) } }

    struct Odd: Error {}

    @c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
        if does("entry traps") { fatalError("entry") }
        if does("entry hangs") { hang() }
        return unsafe exportPlugin("misbehaving", [MisbehavingScheduler.self])
    }

    struct MisbehavingScheduler: Scheduler {
        static var descriptor: StageDescriptor {
            StageDescriptor(
                does("kind lies") ? .vae : .scheduler, name: "misbehaving", version: "1")
        }

        init(_ context: StageContext) throws {
            if does("make throws") { throw Odd() }
            if does("make traps") { fatalError("make") }
            if does("make hangs") { hang() }
            if does("make waits") { usleep(300_000) }
        }

        func trajectory(steps: Int) throws -> any Trajectory {
            let timesteps = try TimestepSpacing.trailing.timesteps(steps: steps, of: 1000)
                .map(Float.init)
            return MisbehavingTrajectory(
                timesteps: does("times ascend") ? timesteps.reversed() : timesteps)
        }
    }

    struct MisbehavingTrajectory: Trajectory {
        let timesteps: [Float]
        let initialNoiseScale: Float = 1

        func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

        mutating func step(
            _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
        ) -> Tensor {
            if does("step traps") { fatalError("step") }
            if does("step hangs") { hang() }
            if does("step bends") { return Tensor([1, 2], [0, 0]) }
            return linearCombination([(1, sample), (-1 / Double(timesteps.count), output)])
        }
    }
    """#

/// Two builds of one plugin: the same names of module and types, other stored properties, other
/// pictures.
let twinPlugins = [
    twinPlugin(
        properties: "let share: Float", making: "share = 0.25",
        memory:
            "final class TwinMemory: Sendable { let share: Float; init(_ share: Float) { self.share = share } }",
        remembering: "TwinMemory(share)"),
    twinPlugin(
        properties: "let names: [String]\n    let shares: [Double]",
        making: "names = [\"one\", \"two\"]; shares = [0.5, 1, 2]",
        memory: """
            final class TwinMemory: Sendable {
                let name: String
                let shares: [Double]
                var share: Float { Float(shares.last ?? 0) }
                init(_ name: String, _ shares: [Double]) { self.name = name; self.shares = shares }
            }
            """,
        remembering: "TwinMemory(names.joined(), shares)"),
]

private func twinPlugin(
    properties: String, making: String, memory: String, remembering: String
) -> String {
    """
    import Stages
    import Tensors

    @c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
        unsafe exportPlugin("twin", [TwinScheduler.self])
    }

    \(memory)

    struct TwinScheduler: Scheduler {
        static let descriptor = StageDescriptor(.scheduler, name: "twin", version: "1")
        \(properties)

        init(_ context: StageContext) throws { \(making) }

        func trajectory(steps: Int) throws -> any Trajectory {
            TwinTrajectory(
                memory: \(remembering),
                timesteps: try TimestepSpacing.trailing.timesteps(steps: steps, of: 1000)
                    .map(Float.init))
        }
    }

    struct TwinTrajectory: Trajectory {
        let memory: TwinMemory
        let timesteps: [Float]
        let initialNoiseScale: Float = 1

        func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

        mutating func step(
            _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
        ) -> Tensor {
            linearCombination([(1, sample), (-Double(memory.share) / Double(timesteps.count), output)])
        }
    }
    """
}
