/// One storage of a checkpoint.
struct TorchStorage {
    let type: ElementType
    /// In elements.
    let count: Int
    /// Within the file.
    let bytes: Range<Int>
}

/// The records of a zip file that `torch.save` wrote: `data.pkl`, and a record for each storage
/// under `data/` (PyTorch, `torch/serialization.py` and `caffe2/serialize/inline_container.h`).
struct TorchArchive {
    let file: MappedFile
    let pickle: Range<Int>
    private let entries: [String: Range<Int>]
    /// The folder that everything in the archive lies in, with a slash.
    private let folder: String

    init(_ file: MappedFile) throws(CheckpointError) {
        self.file = file
        entries = try ZipArchive(file).entries
        let suffix = "/data.pkl"
        let pickles = entries.filter {
            $0.key.hasSuffix(suffix) && !$0.key.dropLast(suffix.utf8.count).contains("/")
        }
        guard let entry = pickles.first, pickles.count == 1 else {
            throw CheckpointError(
                .malformed, path: file.path,
                "a zip file with \(pickles.count) records data.pkl; torch.save writes one")
        }
        folder = String(entry.key.dropLast("data.pkl".utf8.count))
        pickle = entry.value
        guard entries[folder + "constants.pkl"] == nil else {
            throw CheckpointError(
                .unsupported, path: file.path,
                "a TorchScript program, not weights; load it with torch.jit.load and save its "
                    + "state_dict()")
        }
        try checkByteOrder()
    }

    /// Files of torch before 2.1 do not say, and are little-endian.
    private func checkByteOrder() throws(CheckpointError) {
        guard let range = entries[folder + "byteorder"] else { return }
        let order = String(decoding: file.bytes(range.prefix(16)), as: UTF8.self)
        guard order == "little" else {
            throw CheckpointError(
                .unsupported, path: file.path,
                "of byte order \"\(order)\"; save it again on a little-endian machine")
        }
    }

    /// What a persistent id stands for: `("storage", type, key, device, element count)`.
    func storage(
        _ identifier: PickleValues.Reference, _ values: PickleValues
    ) throws(CheckpointError) -> PickleValue {
        guard let members = values.tuple(identifier), members.count == 5,
            case .text("storage") = values[members[0]], case .text(let key) = values[members[2]],
            let count = values.integer(members[4]), count >= 0
        else { throw malformed("a persistent id that names no storage") }
        let type: ElementType
        switch values[members[1]] {
        case .storageType(let known): type = known
        case .opaque(let name): return .opaque(name)
        case let other: throw malformed("a storage of type \(other.kind)")
        }
        guard let range = entries["\(folder)data/\(key)"] else {
            throw malformed("storage \(key) is not in the archive")
        }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: type.width)
        guard !overflow, byteCount == range.count else {
            throw malformed(
                "storage \(key) of \(count) \(type.rawValue) does not fill its \(range.count) bytes"
            )
        }
        return .storage(TorchStorage(type: type, count: count, bytes: range))
    }

    func malformed(_ message: String) -> CheckpointError {
        CheckpointError(.malformed, path: file.path, message)
    }
}
