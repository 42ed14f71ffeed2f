public import Layers
import Synchronization
public import Tensors

/// Gives every parameter that a model asks for, without numbers, and lists them: a full-size model
/// can be built and its keys counted on a machine that could not hold its weights.
public final class ParameterRecorder: ParameterStore {
    public typealias Request = (name: String, shape: Shape, use: ParameterUse)

    private let requests = Mutex<[Request]>([])

    public init() {}

    /// What was asked for, in order; a parameter that is shared appears once.
    public var parameters: [Request] { requests.withLock { $0 } }

    public func parameter(
        named name: String, shape: Shape, for use: ParameterUse
    ) -> StoredParameter? {
        requests.withLock { requests in
            if !requests.contains(where: { $0.name == name }) {
                requests.append((name, shape, use))
            }
        }
        return .plain(Weight(shapeOnly: shape))
    }

    /// Optional parameters (LoRA) are absent, as in the published base checkpoints.
    public func contains(_ name: String) -> Bool { false }
}
