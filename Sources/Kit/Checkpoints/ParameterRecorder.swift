public import Layers
import Synchronization
public import Tensors

/// Gives every parameter that a model asks for, without numbers, and lists them: a full-size model
/// can be built and its keys counted on a machine that could not hold its weights.
public final class ParameterRecorder: ParameterStore {
    public typealias Request = (name: String, shape: Shape, use: ParameterUse)

    private let requests = Mutex<[Request]>([])

    private let present: Set<String>
    private let tolerated = Mutex<[String]>([])

    /// - Parameter present: The names that a checkpoint has, for a model that asks which of its
    ///   optional parameters (LoRA, older names) are there.
    public init(present: Set<String> = []) { self.present = present }

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

    /// Without names, optional parameters are absent, as in the published base checkpoints.
    public func contains(_ name: String) -> Bool { present.contains(name) }

    /// Remembers what a model has said may be left over.
    func tolerate(_ patterns: [String]) { tolerated.withLock { $0 += patterns } }

    /// Whether the model has said that a tensor of that name may be left over.
    public func tolerates(_ name: String) -> Bool {
        tolerated.withLock { $0.contains { matches(name, pattern: $0) } }
    }
}
