/// The tensors of a checkpoint: those of the dictionary that a model's `state_dict()` returned,
/// which training scripts save alone or beside other things.
struct StateDictionary {
    static let maximumTensors = 65_536
    static let maximumNameBytes = 512

    /// The keys under which it is looked for, before the whole is taken for it: those of Lightning,
    /// of PyTorch's tutorial, and of fairseq, timm and LAVIS.
    private static let wrappers = ["state_dict", "model_state_dict", "model"]

    private typealias Pair = (key: PickleValues.Reference, value: PickleValues.Reference)

    private(set) var entries: [String: StoredTensor] = [:]
    private let values: PickleValues
    private let path: String

    /// - Parameter member: the key of it in a file that holds several dictionaries.
    init(
        _ values: PickleValues, _ root: PickleValues.Reference, member: String?, path: String
    ) throws(CheckpointError) {
        self.values = values
        self.path = path
        guard case .dictionary(let index) = values[root] else {
            throw CheckpointError(
                .unsupported, path: path,
                "holds \(values[root].kind), not a dictionary; save the model's state_dict()")
        }
        let members = pairs(index)
        var inner: Int?
        for key in member.map({ [$0] }) ?? Self.wrappers where inner == nil {
            inner = try dictionary(key, in: members)
        }
        if let member, inner == nil {
            throw CheckpointError(
                .notFound, path: path,
                "has no dictionary \"\(member)\"; there are \(dictionaries(in: members))")
        }
        let state = inner.map(pairs) ?? members
        guard state.contains(where: { if case .tensor = values[$0.value] { true } else { false } })
        else {
            throw CheckpointError(
                .unsupported, path: path,
                "holds no tensors as a state dictionary does; its dictionaries are "
                    + dictionaries(in: members))
        }
        for (key, value) in state { try add(key, value) }
    }

    private mutating func add(
        _ key: PickleValues.Reference, _ value: PickleValues.Reference
    ) throws(CheckpointError) {
        guard case .text(let name) = values[key] else {
            throw CheckpointError(
                .malformed, path: path, "its state dictionary has \(values[key].kind) as a key")
        }
        switch values[value] {
        case .tensor(let tensor):
            guard !name.isEmpty, name.utf8.count <= Self.maximumNameBytes else {
                throw CheckpointError(
                    .overLimit, path: path,
                    "a tensor name of \(name.utf8.count) bytes; allowed are "
                        + "1 to \(Self.maximumNameBytes)")
            }
            guard entries.updateValue(tensor, forKey: name) == nil else {
                throw CheckpointError(.malformed, path: path, "tensor \(name) occurs twice")
            }
            guard entries.count <= Self.maximumTensors else {
                throw CheckpointError(
                    .overLimit, path: path, "over \(Self.maximumTensors) tensors")
            }
        case .opaque(let builder):
            throw CheckpointError(
                .unsupported, path: path,
                "\(name) in its state dictionary is an object of \(builder), which is not built; "
                    + "save it again without it")
        // A counter or a version beside the tensors.
        default: break
        }
    }

    private func pairs(_ index: Int) -> [Pair] {
        let items = values.items(index)
        return stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) }
    }

    private func dictionary(_ key: String, in members: [Pair]) throws(CheckpointError) -> Int? {
        var found: Int?
        for member in members {
            guard case .text(key) = values[member.key],
                case .dictionary(let index) = values[member.value]
            else { continue }
            // Python would take the last, others the first.
            guard found == nil else {
                throw CheckpointError(.malformed, path: path, "holds \"\(key)\" twice")
            }
            found = index
        }
        return found
    }

    private func dictionaries(in members: [Pair]) -> String {
        let names = members.compactMap { member in
            if case .text(let key) = values[member.key], case .dictionary = values[member.value] {
                JSON.quoted(key)
            } else {
                nil
            }
        }
        return names.isEmpty ? "none" : names.prefix(16).joined(separator: ", ")
    }
}
