import Glibc
import Tensors

/// Memory of random numbers.
///
/// Of anonymous pages of the system's usual size, as the pages of a mapped file are: larger ones
/// would show products that nobody gets who reads a model from a disk.
///
/// `@unchecked Sendable`: written once, before it is handed out.
@safe final class RandomBytes: WeightBytes, @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    /// What one thread fills at a time.
    private static let chunk = 1 << 20

    /// - Throws: ``BenchmarkError`` if the system has not so much memory.
    init(byteCount: Int) throws(BenchmarkError) {
        self.byteCount = max(byteCount, 1)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard
            let memory = unsafe mmap(nil, self.byteCount, PROT_READ | PROT_WRITE, flags, -1, 0),
            unsafe memory != MAP_FAILED
        else { throw BenchmarkError("no memory for \(byteCount) bytes of weights") }
        unsafe base = memory
    }

    deinit { unsafe munmap(base, byteCount) }

    /// Fills it with words of 64 bits: random where the mask is one, else those of `fixed`. What it
    /// gets depends on the seed alone.
    func fill(mask: UInt64, fixed: UInt64, seed: UInt64) {
        let chunks = (byteCount + Self.chunk - 1) / Self.chunk
        ThreadPool.run(chunks) { index in
            let start = index * Self.chunk
            let end = min(start + Self.chunk, byteCount)
            var state = seed &+ UInt64(index) &* 0xd1b5_4a32_d192_ed03
            var offset = start
            while offset + 8 <= end {
                let word = splitMix(&state) & mask | fixed
                unsafe base.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
                offset += 8
            }
            let last = splitMix(&state) & mask | fixed
            while offset < end {
                let byte = UInt8(truncatingIfNeeded: last >> UInt64(8 * (offset % 8)))
                unsafe base.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
                offset += 1
            }
        }
    }
}

/// The next number of SplitMix64 (Steele, Lea and Flood, 2014, "Fast Splittable Pseudorandom Number
/// Generators", figure 16).
private func splitMix(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
}
