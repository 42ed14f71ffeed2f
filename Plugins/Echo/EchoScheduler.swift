import Stages
import Tensors

/// Takes away an equal share of the prediction at each step. It has no settings.
struct EchoScheduler: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "echo", version: "1.0.0")

    init(_ context: StageContext) throws { logMade(context) }

    func trajectory(steps: Int) throws -> any Trajectory {
        EchoTrajectory(
            timesteps: try TimestepSpacing.trailing.timesteps(steps: steps, of: 1000).map(
                Float.init))
    }
}

struct EchoTrajectory: Trajectory {
    let timesteps: [Float]
    let initialNoiseScale: Float = 1

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        linearCombination([(1, sample), (-1 / Double(timesteps.count), output)])
    }
}
