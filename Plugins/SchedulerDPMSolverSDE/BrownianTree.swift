import Glibc
import Stages
import Tensors

/// A path of Brownian motion that can be asked for any of its increments, in any order, and always
/// gives the same: the virtual Brownian tree (Li et al. 2020, arXiv 2001.01328, section 4), with
/// the numbers of torchsde 0.2.6's `BrownianInterval` (`halfway_tree`, a pool of 24 words, a
/// tolerance of 10⁻⁶; Kidger et al. 2021, arXiv 2105.13493, section 4).
///
/// An interval's increment is split between its halves by a Brownian bridge, whose noise comes from
/// a seed of the interval's own, and so on, down to intervals of 10⁻⁶. Nothing is kept: a question
/// costs one draw of noise for each interval on the way to its two ends, 48 at most for σ of
/// Stable Diffusion.
struct BrownianTree {
    private let seed: UInt64
    private let whole: Interval
    /// √ of the length, before its ends are rounded.
    private let deviation: Double

    /// - Parameter range: of times; ends of at most 10⁶, which doubles tell apart by 10⁻⁶.
    init(seed: UInt64, over range: ClosedRange<Double>) {
        precondition(range.upperBound <= Self.largestTime, "a path over \(range)")
        self.seed = seed
        whole = Interval(start: Self.rounded(range.lowerBound), end: Self.rounded(range.upperBound))
        deviation = (range.upperBound - range.lowerBound).squareRoot()
    }

    static let largestTime = 1e6

    /// W(end) − W(start), times rounded to 10⁻⁶.
    /// - Parameter sample: of the increment's shape.
    func increment(from start: Double, to end: Double, like sample: Tensor) -> Tensor {
        let asked = Interval(
            start: max(Self.rounded(start), whole.start), end: min(Self.rounded(end), whole.end))
        guard asked.start < asked.end else { return Tensor(sample.shape, repeating: 0) }
        let root = normal(SeedSequence(entropy: seed, poolSize: Self.poolSize), like: sample)
        var sum: Tensor?
        add(asked, within: whole, root.scaled(by: Float(deviation)), to: &sum)
        return sum ?? root
    }

    /// A part of the time, and where in the tree it is: the depth, and the turns taken on the way
    /// as binary digits, left being 0.
    private struct Interval {
        let start: Double
        let end: Double
        var depth: UInt64 = 0
        var turns: UInt64 = 0
    }

    private static let poolSize = 24

    /// Adds up the increments of the intervals that make up what is asked for, from left to right.
    /// In single precision, operation for operation as PyTorch does it.
    /// - Parameter increment: of the interval.
    private func add(
        _ asked: Interval, within interval: Interval, _ increment: Tensor, to sum: inout Tensor?
    ) {
        let (start, end) = (interval.start, interval.end)
        if asked.start <= start, end <= asked.end {
            sum = sum.map { $0 + increment } ?? increment
            return
        }
        let middle = Self.rounded((start + end) / 2)
        let (left, right) = (middle - start, end - middle)
        let reciprocal = 1 / (end - start)
        let key = [interval.turns, interval.depth]
        let noise = normal(
            SeedSequence(entropy: seed, spawnKey: key, poolSize: Self.poolSize), like: increment)
        let mean = increment.scaled(by: Float(left)).scaled(by: Float(reciprocal))
        let first =
            mean + noise.scaled(by: Float((left * right * reciprocal).squareRoot()))
        let (depth, turns) = (interval.depth + 1, interval.turns << 1)
        if asked.start < middle {
            let half = Interval(start: start, end: middle, depth: depth, turns: turns)
            add(asked, within: half, first, to: &sum)
        }
        if asked.end > middle {
            let half = Interval(start: middle, end: end, depth: depth, turns: turns | 1)
            add(asked, within: half, increment - first, to: &sum)
        }
    }

    private func normal(_ seeds: SeedSequence, like sample: Tensor) -> Tensor {
        var generator = TorchGenerator(seed: UInt64(seeds.words(1)[0]))
        return generator.normal(like: sample)
    }

    /// To six decimals as Python does: by the exact value, so that the middle of two such times,
    /// which looks like a tie, goes to where it lies in binary.
    private static func rounded(_ time: Double) -> Double {
        let scaled = time * 1e6
        var whole = scaled.rounded(.down)
        // What the product lost.
        let lost = fma(time, 1e6, -scaled)
        let above = scaled - whole - 0.5
        let isOdd = whole.truncatingRemainder(dividingBy: 2) != 0
        if above > 0 || above == 0 && (lost > 0 || lost == 0 && isOdd) { whole += 1 }
        return whole / 1e6
    }
}
