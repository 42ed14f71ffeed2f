// What a pickle names, and what it would call.
extension PickleMachine {
    /// Puts a class or function on the stack: one that is known, or an opaque value.
    mutating func pushGlobal(module: String, name: String) throws(CheckpointError) {
        if let known = TorchGlobal.value(module: module, name: name) { return try push(known) }
        let full = "\(module).\(name)"
        guard !TorchGlobal.isForbidden(module: module, name: name) else {
            throw CheckpointError(
                .unsupported, path: archive.file.path,
                "data.pkl asks for \(full) at byte \(offset), which runs code: the file is not "
                    + "only weights, do not load it anywhere")
        }
        ignored.insert(full)
        try push(.opaque(full))
    }

    /// What a call gives; nothing outside this reader is called.
    mutating func call(
        _ callee: Reference, _ arguments: Reference
    ) throws(CheckpointError) -> PickleValue {
        switch values[callee] {
        case .opaque(let name): return .opaque(name)
        case .function(.orderedDictionary):
            guard values.tuple(arguments)?.isEmpty == true else {
                throw malformed("makes an OrderedDict with arguments")
            }
            return .dictionary(values.add(items: []))
        case .function(.rebuildTensor): return try archive.tensor(arguments, values)
        case .function(.rebuildParameter):
            guard let tuple = values.tuple(arguments), tuple.count == 3 else {
                throw malformed("has a parameter without its tensor")
            }
            switch values[tuple[0]] {
            case .tensor, .opaque: return values[tuple[0]]
            case let other: throw malformed("makes a parameter of \(other.kind)")
            }
        case let other: throw malformed("calls \(other.kind)")
        }
    }
}
