public import Layers
import Synchronization
public import Tensors

/// Gives every parameter that a model asks for, without numbers, and lists them: a full-size model
/// can be built and its keys counted on a machine that could not hold its weights.
public final class ParameterRecorder: ParameterStore {
    private let requests = Mutex<[(name: String, shape: Shape)]>([])

    public init() {}

    /// What was asked for, in order; a parameter that is shared appears once.
    public var parameters: [(name: String, shape: Shape)] { requests.withLock { $0 } }

    public func weight(named name: String, shape: Shape) -> Weight? {
        requests.withLock { requests in
            if !requests.contains(where: { $0.name == name }) { requests.append((name, shape)) }
        }
        return Weight(shapeOnly: shape)
    }

    /// Optional parameters (LoRA) are absent, as in the published base checkpoints.
    public func contains(_ name: String) -> Bool { false }
}
