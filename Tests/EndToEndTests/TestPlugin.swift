import Foundation
import Glibc
import TestSupport

/// A plugin of the tests' own, whose one scheduler does what it is told by its options.
///
/// | option | |
/// | --- | --- |
/// | `gain` | scales what a step takes away |
/// | `gate` | a file; until it is there, the third step of a picture in seven does not end |
/// | `act` | what its construction does |
///
/// The acts are `throw`, `trap` and `hang`; `fuse` traps if there is a file `gate`; `wait` writes
/// that file and waits until it is gone; `wrong` makes timesteps that ascend.
enum TestPlugin {
    static func path() throws -> String { try compiled.get() }

    /// The number of steps at which it looks at its gate: checks of schedulers never ask for it.
    static let gatedSteps = ["--steps", "7"]

    private static let compiled = Result {
        let folder = try temporaryFolder()
        return try compilePlugin(
            source, module: "TestPlugin", in: folder.path, products: Program.folder.path)
    }

    private static let source = """
        import Checkpoints
        import Glibc
        import Stages
        import Tensors

        @c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
            exportPlugin("test", [TestScheduler.self])
        }

        struct Refusal: Error {}

        /// At most a minute.
        func waitUntil(_ isTrue: () -> Bool) {
            for _ in 0..<12_000 where !isTrue() { usleep(5000) }
        }

        struct TestScheduler: Scheduler {
            static let descriptor = StageDescriptor(.scheduler, name: "test", version: "1")
            let gain: Float
            let gate: String
            let isWrong: Bool

            init(_ context: StageContext) throws {
                gain = Float(try context.settings.number("gain", default: 1, in: 0...10))
                gate = try context.settings.string("gate", default: "")
                let act = try context.settings.string("act", default: "")
                isWrong = act == "wrong"
                switch act {
                case "throw": throw Refusal()
                case "trap": fatalError("trapped as told")
                case "hang": while true { sleep(1) }
                case "fuse": if access(gate, F_OK) == 0 { fatalError("trapped as told") }
                case "wait":
                    close(open(gate, O_CREAT | O_WRONLY, 0o600))
                    waitUntil { access(gate, F_OK) != 0 }
                default: break
                }
            }

            func trajectory(steps: Int) throws -> any Trajectory {
                let falling = (0..<steps).map { Float(steps - $0) }
                return TestTrajectory(
                    timesteps: isWrong ? falling.map { 1 / ($0 - 1) } : falling, gain: gain,
                    gate: steps == 7 ? gate : "")
            }
        }

        struct TestTrajectory: Trajectory {
            let timesteps: [Float]
            let gain: Float
            let gate: String
            let initialNoiseScale: Float = 1
            func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }
            func step(
                _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
            ) -> Tensor {
                if call == 2, !gate.isEmpty { waitUntil { access(gate, F_OK) == 0 } }
                return linearCombination([(1, sample), (-Double(gain) / Double(timesteps.count), output)])
            }
        }
        """
}
