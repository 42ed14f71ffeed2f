import Tensors

/// Which tokens of a feature map can be merged into which: in each square of two by two one,
/// chosen by chance, is a *destination*, and the others are *sources* (Bolya and Hoffman 2023, arXiv
/// 2303.17604, section 4.1).
struct TokenPartition: Sendable {
    /// Rows of the map's tokens, ascending.
    let sources, destinations: [Int]

    /// - Parameter seed: what the choice follows from, with the extents.
    init(height: Int, width: Int, seed: UInt64) {
        var generator = TorchGenerator(seed: seed)
        var isDestination = [Bool](repeating: false, count: height * width)
        for top in stride(from: 0, to: height, by: 2) {
            for left in stride(from: 0, to: width, by: 2) {
                // At an odd edge a square has less.
                let (rows, columns) = (min(2, height - top), min(2, width - left))
                let choice = Int(generator.nextUInt32()) % (rows * columns)
                isDestination[(top + choice / columns) * width + left + choice % columns] = true
            }
        }
        sources = isDestination.indices.filter { !isDestination[$0] }
        destinations = isDestination.indices.filter { isDestination[$0] }
    }
}

/// The partition of each sample of a call, and how many sources are merged.
struct MergingPlan: Sendable {
    let height, width: Int
    /// Of each sample.
    let partitions: [TokenPartition]
    /// Tokens that are left out.
    let merged: Int

    init(height: Int, width: Int, ratio: Double, seeds: [UInt64]) {
        self.height = height
        self.width = width
        // The two halves of a guided pair have the same seed, and follow each other.
        var partitions: [TokenPartition] = []
        for (index, seed) in seeds.enumerated() {
            partitions.append(
                index > 0 && seeds[index - 1] == seed
                    ? partitions[index - 1]
                    : TokenPartition(height: height, width: width, seed: seed))
        }
        self.partitions = partitions
        let sources = partitions.map(\.sources.count).min() ?? 0
        merged = min(Int(ratio * Double(height * width)), sources)
    }

    /// - Parameter x: `[B, H·W, C]`, by which tokens are compared; `nil` if nothing is merged.
    func matching(_ x: Tensor) -> [TokenMatching]? {
        guard merged > 0 else { return nil }
        return partitions.indices.map { sample in
            TokenMatching(
                x.slice(axis: 0, sample..<sample + 1).reshaped([x.shape[1], x.shape[2]]),
                partitions[sample], merged: merged)
        }
    }
}

/// Which sources of one sample are merged, each into the destination that it is most like: those
/// that are most like theirs (bipartite soft matching: Bolya et al. 2023, arXiv 2210.09461, section
/// 3.2).
struct TokenMatching {
    private let partition: TokenPartition
    /// Sources that stay, ascending.
    private let kept: [Int]
    /// Sources that go, ascending, each with the number of its destination.
    private let merged: [(source: Int, destination: Int)]
    /// Of each destination one by what is merged into it and itself.
    private let shares: [Float]

    /// - Parameter x: `[N, C]`.
    init(_ x: Tensor, _ partition: TokenPartition, merged count: Int) {
        self.partition = partition
        let units = x.unitRows()
        // Cosines, `[sources, destinations]`.
        let likeness = linear(
            units.rows(partition.sources), Weight(units.rows(partition.destinations)))
        var best: [(likeness: Float, destination: Int)] = []
        likeness.withSpan { span in
            let columns = partition.destinations.count
            for row in partition.sources.indices {
                var (most, place) = (-Float.infinity, 0)
                for column in 0..<columns {
                    let value = span[row &* columns &+ column]
                    if value > most { (most, place) = (value, column) }
                }
                best.append((most, place))
            }
        }
        // Of equals the first, so that the choice is one of the numbers alone.
        let order = best.indices.sorted {
            (best[$1].likeness, $0) < (best[$0].likeness, $1)
        }
        let chosen = order.prefix(count).sorted()
        merged = chosen.map { (partition.sources[$0], best[$0].destination) }
        kept = order.dropFirst(count).sorted().map { partition.sources[$0] }
        var sizes = [Int](repeating: 1, count: partition.destinations.count)
        for (_, destination) in merged { sizes[destination] += 1 }
        shares = sizes.map { 1 / Float($0) }
    }

    /// `[1, N, C]` to `[1, N - merged, C]`: the sources that stay, then the destinations, each the
    /// mean of itself and what is merged into it.
    func merge(_ x: Tensor) -> Tensor {
        let width = x.shape[2]
        let first = kept.count
        return x.withSpan { x in
            Tensor([1, first + shares.count, width]) { (span: inout MutableSpan<Float>) in
                for (row, token) in (kept + partition.destinations).enumerated() {
                    for channel in 0..<width {
                        span[row &* width &+ channel] = x[token &* width &+ channel]
                    }
                }
                for (source, destination) in merged {
                    let row = first + destination
                    for channel in 0..<width {
                        span[row &* width &+ channel] += x[source &* width &+ channel]
                    }
                }
                for (destination, share) in shares.enumerated() where share < 1 {
                    let row = first + destination
                    for channel in 0..<width { span[row &* width &+ channel] *= share }
                }
            }
        }
    }

    /// `[1, N - merged, C]` back to `[1, N, C]`: a token that was merged gets what its destination
    /// got.
    func unmerge(_ y: Tensor) -> Tensor {
        let width = y.shape[2]
        var rows = [Int](repeating: 0, count: kept.count + merged.count + shares.count)
        for (row, token) in (kept + partition.destinations).enumerated() { rows[token] = row }
        for (source, destination) in merged { rows[source] = kept.count + destination }
        return y.reshaped([y.shape[1], width]).rows(rows).reshaped([1, rows.count, width])
    }
}

extension Tensor {
    /// Some rows of a matrix, in the order given.
    fileprivate func rows(_ indices: [Int]) -> Tensor {
        let width = shape[1]
        return withSpan { x in
            Tensor([indices.count, width]) { (span: inout MutableSpan<Float>) in
                for (row, index) in indices.enumerated() {
                    for channel in 0..<width {
                        span[row &* width &+ channel] = x[index &* width &+ channel]
                    }
                }
            }
        }
    }

    /// The rows of a matrix at length 1; zeros stay.
    fileprivate func unitRows() -> Tensor {
        let (count, width) = (shape[0], shape[1])
        return withSpan { x in
            Tensor([count, width]) { (span: inout MutableSpan<Float>) in
                for row in 0..<count {
                    var sum: Float = 0
                    for channel in 0..<width {
                        let value = x[row &* width &+ channel]
                        sum += value * value
                    }
                    let scale = sum > 0 ? 1 / sum.squareRoot() : 0
                    for channel in 0..<width {
                        span[row &* width &+ channel] = x[row &* width &+ channel] * scale
                    }
                }
            }
        }
    }
}
