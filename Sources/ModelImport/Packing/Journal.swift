import Checkpoints
import Glibc

/// What an import has done so far, a line each, so that the next run can go on where it stopped.
///
/// The first line names the plan; of another plan nothing counts. A line that was cut short by a
/// crash does not count either, and what a line says is checked before it is believed.
final class Journal {
    /// A tensor at whose end the file had this digest.
    struct Mark {
        let file: String
        let end: Int
        let digest: String
    }

    private let path: String
    private let descriptor: Int32
    private(set) var marks: [Mark] = []
    /// Hashes of sources by ``sourceKey(_:)``.
    private var hashes: [String: String] = [:]
    private var plan: String?

    /// Opens it, or makes it, and keeps others out until it is let go.
    init(path: String) throws(ImportError) {
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard opened >= 0 else { throw .system(.target, "cannot write \(path)") }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            throw ImportError(
                .target, "another import is writing \(path); wait for it, or choose another folder")
        }
        descriptor = opened
        self.path = path
        let bytes: [UInt8]
        do { bytes = try BoundedFile.read(path, limit: 64 << 20) } catch {
            throw ImportError(.target, error.description)
        }
        read(String(decoding: bytes, as: UTF8.self))
        // What is appended begins a line of its own.
        let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard whole == bytes.count || ftruncate(opened, off_t(whole)) == 0 else {
            throw .system(.target, "cannot write \(path)")
        }
    }

    deinit { close(descriptor) }

    /// Begins to write for a plan. Marks of the same one stay.
    func begin(_ plan: String) throws(ImportError) {
        guard plan != self.plan else { return }
        marks = []
        guard ftruncate(descriptor, 0) == 0 else {
            throw .system(.target, "cannot write \(path)")
        }
        for (key, hash) in hashes.sorted(by: { $0.key < $1.key }) {
            try append("source \(hash) \(key)")
        }
        try append("plan \(plan)")
        self.plan = plan
    }

    func note(_ mark: Mark) throws(ImportError) {
        try append("tensor \(mark.end) \(mark.digest) \(mark.file)")
    }

    /// The hash of a source that was read before and has not changed since.
    func hash(of identity: FileIdentity) -> String? { hashes[Self.key(identity)] }

    func note(_ hash: String, of identity: FileIdentity) throws(ImportError) {
        hashes[Self.key(identity)] = hash
        try append("source \(hash) \(Self.key(identity))")
    }

    private static func key(_ identity: FileIdentity) -> String {
        "\(identity.device):\(identity.inode):\(identity.size):"
            + "\(identity.seconds).\(identity.nanoseconds)"
    }

    private func read(_ text: String) {
        // The last line is whole only if it ends.
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            switch (words.first, words.count) {
            case ("source", 3): hashes[words[2]] = words[1]
            case ("plan", 2):
                plan = words[1]
                marks = []
            case ("tensor", 4):
                if let end = Int(words[1]) {
                    marks.append(Mark(file: words[3], end: end, digest: words[2]))
                }
            default: break
            }
        }
    }

    private func append(_ line: String) throws(ImportError) {
        let bytes = Array((line + "\n").utf8)
        // Of a file that is appended to a short write is as good as a crash: the line is cut.
        let written = unsafe write(descriptor, bytes, bytes.count)
        guard written == bytes.count else {
            if written >= 0 { errno = ENOSPC }
            throw .system(.target, "cannot write \(path)")
        }
    }
}
