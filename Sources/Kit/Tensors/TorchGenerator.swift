import Glibc

/// PyTorch's CPU generator: the same seed gives the same noise as `torch.manual_seed`.
///
/// The Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), and on top of it the
/// distributions with PyTorch's own way of spending the generator's numbers
/// (`ATen/core/DistributionsHelper.h`, `ATen/native/cpu/DistributionTemplates.h`).
public struct TorchGenerator: Sendable {
    private static let stateCount = 624
    private static let shift = 397

    private var state: [UInt32]
    private var next = stateCount
    /// The second number of the last pair of single normals, which comes in twos.
    private var pendingNormal: Double?

    /// Only the lower 32 bits of the seed count, as in PyTorch.
    public init(seed: UInt64) {
        state = [UInt32(truncatingIfNeeded: seed)]
        state.reserveCapacity(Self.stateCount)
        for index in 1..<Self.stateCount {
            let previous = state[index - 1]
            state.append(1_812_433_253 &* (previous ^ previous >> 30) &+ UInt32(index))
        }
    }

    public mutating func nextUInt32() -> UInt32 {
        if next == Self.stateCount {
            twist()
            next = 0
        }
        var word = state[next]
        next += 1
        word ^= word >> 11
        word ^= word << 7 & 0x9d2c_5680
        word ^= word << 15 & 0xefc6_0000
        word ^= word >> 18
        return word
    }

    public mutating func nextUInt64() -> UInt64 {
        let high = UInt64(nextUInt32())
        return high << 32 | UInt64(nextUInt32())
    }

    /// The next number of `torch.rand` in single precision: 24 bits, in `0..<1`.
    public mutating func uniform() -> Float {
        Float(nextUInt32() & 0xff_ffff) * 0x1p-24
    }

    /// The next number of `torch.rand` in double precision: 53 bits, in `0..<1`.
    public mutating func uniformDouble() -> Double {
        Double(nextUInt64() & 0x1f_ffff_ffff_ffff) * 0x1p-53
    }

    /// `torch.randn` of a shape.
    public mutating func normal(_ shape: Shape) -> Tensor { Tensor(shape, normal(shape.count)) }

    /// `torch.randn(count)`: normal numbers by the method of Box and Muller (1958).
    ///
    /// PyTorch has two ways. Fewer than 16 numbers are made one after the other in double
    /// precision. Otherwise all of them start as uniform single-precision numbers, which are
    /// paired eight apart within each run of 16; the last 16 are drawn again if the runs do not
    /// come out even.
    public mutating func normal(_ count: Int) -> [Float] {
        guard count >= 16 else { return (0..<count).map { _ in Float(singleNormal()) } }
        var numbers = (0..<count).map { _ in uniform() }
        for start in stride(from: 0, through: count - 16, by: 16) {
            makeNormal(&numbers, from: start)
        }
        if count % 16 != 0 {
            for index in count - 16..<count { numbers[index] = uniform() }
            makeNormal(&numbers, from: count - 16)
        }
        return numbers
    }

    /// One draw of `torch.multinomial`: an index, as likely as its share of the sum.
    ///
    /// PyTorch lets exponential clocks race: the greatest `p / q` wins, with a `q` for each index
    /// from an exponential distribution. (Its build for Intel CPUs draws `q` in another way.)
    ///
    /// - Parameter probabilities: at least one above zero; they need not add up to 1.
    public mutating func multinomial(probabilities: [Float]) -> Int {
        precondition(!probabilities.isEmpty, "multinomial: no probabilities")
        var winner = 0
        var best: Float = -1
        for (index, probability) in probabilities.enumerated() {
            let speed = probability / Float(-log1p(-uniformDouble()))
            if speed > best {
                winner = index
                best = speed
            }
        }
        return winner
    }

    private mutating func singleNormal() -> Double {
        if let normal = pendingNormal {
            pendingNormal = nil
            return normal
        }
        let angle = 2 * Double.pi * uniformDouble()
        let radius = (-2 * log1p(-uniformDouble())).squareRoot()
        pendingNormal = radius * sin(angle)
        return radius * cos(angle)
    }

    private func makeNormal(_ numbers: inout [Float], from start: Int) {
        for index in start..<start + 8 {
            // From 0..<1 to what a logarithm takes.
            let radius = (-2 * logf(1 - numbers[index])).squareRoot()
            let angle = 2 * Float.pi * numbers[index + 8]
            numbers[index] = radius * cosf(angle)
            numbers[index + 8] = radius * sinf(angle)
        }
    }

    private mutating func twist() {
        let n = Self.stateCount
        for index in 0..<n {
            let bits = state[index] & 0x8000_0000 | state[(index + 1) % n] & 0x7fff_ffff
            let other = state[(index + Self.shift) % n]
            state[index] = other ^ bits >> 1 ^ (bits & 1 == 0 ? 0 : 0x9908_b0df)
        }
    }
}
