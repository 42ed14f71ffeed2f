/// NumPy's `SeedSequence`: many independent seeds from one, each told by a key.
///
/// Words of any number are hashed into a pool, every word of which depends on all of them, and the
/// seeds are hashed out of the pool. The hash is that of O'Neill's `seed_seq_fe` ("Developing a
/// seed_seq alternative", 2015), with NumPy's larger pool and spawn keys.
public struct SeedSequence: Sendable {
    private let pool: [UInt32]

    /// - Parameters:
    ///   - entropy: the seed.
    ///   - spawnKey: which of the seed's descendants; none for the seed itself.
    ///   - poolSize: words of the pool, at least 4.
    public init(entropy: UInt64, spawnKey: [UInt64] = [], poolSize: Int = 4) {
        precondition(poolSize >= 4, "a pool of \(poolSize) words")
        var words = Self.words(of: entropy)
        if !spawnKey.isEmpty {
            // Else a long seed would be the same as a short one with a key.
            words += [UInt32](repeating: 0, count: max(0, poolSize - words.count))
            words += spawnKey.flatMap(Self.words)
        }
        pool = Self.mixed(words, poolSize)
    }

    /// The first words of the sequence: `generate_state`.
    public func words(_ count: Int) -> [UInt32] {
        var hash = Hash(constant: 0x8b51_f9dd, multiplier: 0x58f3_8ded)
        return (0..<count).map { hash(pool[$0 % pool.count]) }
    }

    /// The lowest 32 bits first; at least one word.
    private static func words(of number: UInt64) -> [UInt32] {
        let low = UInt32(truncatingIfNeeded: number)
        return number >> 32 == 0 ? [low] : [low, UInt32(number >> 32)]
    }

    private static func mixed(_ words: [UInt32], _ size: Int) -> [UInt32] {
        var hash = Hash(constant: 0x43b0_d7e5, multiplier: 0x931e_8875)
        var pool = (0..<size).map { hash($0 < words.count ? words[$0] : 0) }
        for source in 0..<size {
            for target in 0..<size where target != source {
                pool[target] = mix(pool[target], hash(pool[source]))
            }
        }
        for word in words.dropFirst(size) {
            for target in 0..<size { pool[target] = mix(pool[target], hash(word)) }
        }
        return pool
    }

    private static func mix(_ x: UInt32, _ y: UInt32) -> UInt32 {
        let mixed = 0xca01_f9dd &* x &- 0x4973_f715 &* y
        return mixed ^ mixed >> 16
    }

    /// A hash of words whose constant changes with every word.
    private struct Hash {
        var constant: UInt32
        let multiplier: UInt32

        mutating func callAsFunction(_ word: UInt32) -> UInt32 {
            var value = word ^ constant
            constant &*= multiplier
            value &*= constant
            return value ^ value >> 16
        }
    }
}
