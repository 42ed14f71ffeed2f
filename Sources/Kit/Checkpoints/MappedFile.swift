import Glibc
import Synchronization
public import Tensors

/// A file's contents, mapped read-only: pages are read when first touched and may be dropped again.
///
/// A model's file must be replaced by renaming another over it, never truncated in place: reading
/// a page that the file no longer has ends the process (mmap(2), SIGBUS).
///
/// `@unchecked Sendable`: the mapping is never written and lives as long as the object.
@safe public final class MappedFile: WeightBytes, @unchecked Sendable {
    public let path: String
    public let count: Int
    /// Taken when it was mapped.
    let identity: FileIdentity
    /// `nil` for an empty file, which cannot be mapped.
    private let base: UnsafeRawPointer?
    private let knownHash = Mutex<String?>(nil)

    public init(path: String) throws(CheckpointError) {
        let descriptor = try openRegularFile(path)
        defer { close(descriptor) }
        identity = try FileIdentity(of: descriptor, path)
        self.path = path
        count = identity.size
        guard count > 0 else {
            unsafe base = nil
            return
        }
        let address = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw .system(.unreadable, path: path, "cannot map \(count) bytes")
        }
        unsafe base = UnsafeRawPointer(address)
    }

    deinit {
        if let base = unsafe base {
            unsafe munmap(UnsafeMutableRawPointer(mutating: base), count)
        }
    }

    /// SHA-256 of the whole file; reads it when first asked for.
    var hash: String {
        knownHash.withLock { known in
            if let known { return known }
            var hash = SHA256()
            hash.update(self)
            let digest = hash.finish()
            known = digest
            return digest
        }
    }

    /// Calls `body` with a part, in place.
    /// - Precondition: `range` lies within the file.
    func withBytes<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
        guard let base = unsafe base else { return try body(RawSpan()) }
        defer { extendLifetime(self) }
        return try body(
            unsafe RawSpan(_unsafeStart: base + range.lowerBound, byteCount: range.count))
    }

    /// A little-endian integer.
    /// - Precondition: its bytes lie within the file.
    func integer<Integer: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Integer {
        withBytes(offset..<offset + MemoryLayout<Integer>.size) { bytes in
            Integer(littleEndian: unsafe bytes.unsafeLoadUnaligned(as: Integer.self))
        }
    }

    /// A copy of a part.
    /// - Precondition: `range` lies within the file.
    public func bytes(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
        guard let base = unsafe base else { return [] }
        defer { extendLifetime(self) }
        return unsafe Array(
            UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// The address of a byte, valid for as long as this object lives.
    func address(at offset: Int) -> UnsafeRawPointer? {
        precondition(offset >= 0 && offset <= count, "\(offset) of \(count)")
        return unsafe base.map { unsafe $0 + offset }
    }
}

/// Opens a file for reading; a folder, pipe or device is refused without waiting on it.
func openRegularFile(_ path: String) throws(CheckpointError) -> Int32 {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(.unreadable, path: path, "cannot open") }
    return descriptor
}
