import CSHA256

/// SHA-256 (FIPS 180-4), for naming files by their contents.
public struct SHA256: Sendable {
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
        0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    /// Input that does not fill a block yet.
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0

    public init() {}

    /// The digest of a message in lower-case hexadecimal digits.
    public static func hash(_ message: [UInt8]) -> String {
        var hash = SHA256()
        hash.update(message)
        return hash.finish()
    }

    public mutating func update(_ message: [UInt8]) { unsafe update(message.span.bytes) }

    public mutating func update(_ message: RawSpan) {
        byteCount &+= UInt64(message.byteCount)
        unsafe message.withUnsafeBytes { message in
            var rest = unsafe message[...]
            if !pending.isEmpty {
                let missing = unsafe rest.prefix(64 - pending.count)
                unsafe pending.append(contentsOf: missing)
                unsafe rest = rest.dropFirst(missing.count)
                guard pending.count == 64 else { return }
                compress(pending[...])
                pending = []
            }
            let whole = unsafe rest.count / 64
            if whole > 0 {
                let blocks = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(whole * 64))
                if let base = blocks.baseAddress { unsafe voken_sha256(&state, base, whole) }
            }
            unsafe pending.append(contentsOf: rest.dropFirst(whole * 64))
        }
    }

    /// Whole files in pieces, so that memory stays small.
    mutating func update(_ file: MappedFile) {
        var start = 0
        while start < file.count {
            let end = min(start + 1 << 20, file.count)
            update(file.bytes(start..<end))
            start = end
        }
    }

    /// Pads (§5.1.1) and returns the digest in lower-case hexadecimal digits.
    public consuming func finish() -> String {
        let bitCount = byteCount &* 8
        var tail: [UInt8] = [0x80]
        tail += [UInt8](repeating: 0, count: (119 - pending.count) % 64)
        tail += (0..<8).map { UInt8(truncatingIfNeeded: bitCount >> (56 - 8 * $0)) }
        update(tail)
        let digits = Array("0123456789abcdef")
        return String(
            state.flatMap { word in (0..<8).map { digits[Int(word >> (28 - 4 * $0) & 15)] } })
    }

    /// - Precondition: whole blocks.
    private mutating func compress(_ blocks: ArraySlice<UInt8>) {
        unsafe blocks.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe voken_sha256(&state, base, bytes.count / 64)
        }
    }
}
