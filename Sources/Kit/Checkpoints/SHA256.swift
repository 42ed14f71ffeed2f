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

    public mutating func update(_ message: [UInt8]) { update(message.span) }

    /// Whole files in pieces, so that memory stays small.
    mutating func update(_ file: MappedFile) {
        var start = 0
        while start < file.count {
            let end = min(start + 1 << 20, file.count)
            update(file.bytes(start..<end))
            start = end
        }
    }

    private mutating func update(_ message: Span<UInt8>) {
        byteCount &+= UInt64(message.count)
        var position = 0
        if !pending.isEmpty {
            position = min(64 - pending.count, message.count)
            for index in 0..<position { pending.append(message[index]) }
            guard pending.count == 64 else { return }
            let block = pending
            pending.removeAll(keepingCapacity: true)
            compress(block.span)
        }
        let whole = (message.count - position) / 64 * 64
        compress(message.extracting(position..<position + whole))
        for index in position + whole..<message.count { pending.append(message[index]) }
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

    private mutating func compress(_ blocks: Span<UInt8>) {
        var state = self.state.mutableSpan
        compressBlocks(blocks, &state)
    }
}

/// §6.2.2 for each block of 64 bytes.
private func compressBlocks(_ message: Span<UInt8>, _ state: inout MutableSpan<UInt32>) {
    let constants = roundConstants.span
    var schedule = InlineArray<64, UInt32>(repeating: 0)
    var start = 0
    while start < message.count {
        for t in 0..<16 {
            let i = start &+ 4 &* t
            schedule[t] =
                UInt32(message[i]) << 24 | UInt32(message[i &+ 1]) << 16
                | UInt32(message[i &+ 2]) << 8 | UInt32(message[i &+ 3])
        }
        for t in 16..<64 {
            let (w2, w15) = (schedule[t &- 2], schedule[t &- 15])
            let sigma0 = rotate(w15, 7) ^ rotate(w15, 18) ^ w15 >> 3
            let sigma1 = rotate(w2, 17) ^ rotate(w2, 19) ^ w2 >> 10
            schedule[t] = sigma1 &+ schedule[t &- 7] &+ sigma0 &+ schedule[t &- 16]
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for t in 0..<64 {
            let sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
            let choice = e & f ^ ~e & g
            let t1 = h &+ sum1 &+ choice &+ constants[t] &+ schedule[t]
            let sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
            let majority = a & b ^ a & c ^ b & c
            (h, g, f, e) = (g, f, e, d &+ t1)
            (d, c, b, a) = (c, b, a, t1 &+ sum0 &+ majority)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() {
            state[index] = state[index] &+ word
        }
        start &+= 64
    }
}

private func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 &- count)
}

/// §4.2.2.
private let roundConstants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
]
