public import Layers
import Synchronization
public import Tensors

/// The tensors of one or several weight files under one set of names.
public final class CheckpointStore: ParameterStore {
    public let files: [any WeightFile]
    /// Which file holds a name.
    private let owners: [String: Int]
    private let read = Mutex<Set<String>>([])

    /// - Throws: if two of the files hold the same name.
    public init(_ files: [any WeightFile]) throws(CheckpointError) {
        var owners: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            for name in file.names {
                if let other = owners.updateValue(index, forKey: name) {
                    throw CheckpointError(
                        .malformed, path: file.path,
                        "tensor \(name) is also in \(files[other].path); "
                            + "keep one of the two files in the folder")
                }
            }
        }
        self.files = files
        self.owners = owners
    }

    public var names: [String] { owners.keys.sorted() }

    public func parameter(
        named name: String, shape: Shape, for use: ParameterUse
    ) -> StoredParameter? {
        guard let owner = owners[name] else { return nil }
        read.withLock { _ = $0.insert(name) }
        let tensors = files[owner].tensors
        return tensors.packed(named: name).map { .packed($0) }
            ?? tensors.weight(named: name).map { .plain($0) }
    }

    /// A tensor as a file has it; does not mark the name as used.
    public func weight(named name: String) -> Weight? {
        owners[name].flatMap { files[$0].weight(named: name) }
    }

    public func contains(_ name: String) -> Bool { owners[name] != nil }

    /// Throws if a tensor was asked for by nobody: a misspelt name, or a model of another
    /// architecture. Integer tensors (`position_ids`) do not count.
    ///
    /// - Parameter patterns: names that may be left over; `*` stands for any run of characters.
    public func requireAllRead(ignoring patterns: [String] = []) throws(ParameterError) {
        let read = read.withLock { $0 }
        let unused = names.filter { name in
            guard let owner = owners[name], let tensor = files[owner].tensors[name] else {
                return false
            }
            return !read.contains(name) && !tensor.format.isInteger
                && !patterns.contains { matches(name, pattern: $0) }
        }
        if let first = unused.first {
            throw ParameterError(.unused, name: first, others: unused.count - 1)
        }
    }
}

/// Whether a name matches a pattern in which `*` stands for any run of characters.
func matches(_ name: String, pattern: String) -> Bool {
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard let prefix = parts.first, let suffix = parts.last, parts.count > 1 else {
        return name == pattern
    }
    guard name.hasPrefix(prefix), name.hasSuffix(suffix),
        name.utf8.count >= prefix.utf8.count + suffix.utf8.count
    else { return false }
    var rest = name.dropFirst(prefix.count).dropLast(suffix.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
        guard let found = rest.firstRange(of: part) else { return false }
        rest = rest[found.upperBound...]
    }
    return true
}
