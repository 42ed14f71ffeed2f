internal import CKernels

/// Mean and variance of each group of channels of each sample.
struct GroupMoments {
    private let groups: Int
    /// `batch` times `groups`.
    private let mean, variance: [Float]

    /// What is known of a group of a chunk: about its mean, and the sums of the distances from that and
    /// of their squares.
    private struct Part {
        var center, sum, squares: Double
    }

    /// - Parameter x: `[batch, places, channels]`.
    init(_ x: UnsafePointer<Float>, _ chunks: PlaceChunks, groups: Int) {
        self.groups = groups
        let (batch, count, width) = (chunks.batch, chunks.count, chunks.channels / groups)
        let parts = unsafe [Part](
            unsafeUninitializedCapacity: batch * count * groups
        ) { parts, initialized in
            if let parts = parts.baseAddress {
                chunks.forEach { chunk in
                    unsafe Self.measure(
                        x, chunk, channels: chunks.channels, groups: groups,
                        into: parts + chunk.index * groups)
                }
            }
            initialized = batch * count * groups
        }
        var (mean, variance): ([Float], [Float]) = ([], [])
        let total = Double(max(chunks.places * width, 1))
        for sample in 0..<batch {
            let own = parts[sample * count * groups..<(sample + 1) * count * groups]
            var centers = [Double](repeating: 0, count: groups)
            var squares = centers
            let size = { (index: Int) in Double(chunks.places(of: index / groups) * width) }
            for (index, part) in own.enumerated() {
                centers[index % groups] += (size(index) * part.center + part.sum) / total
            }
            for (index, part) in own.enumerated() {
                // Σ (x − c)² = Σ (x − a)² − 2 (c − a) Σ (x − a) + n (c − a)².
                let shift = centers[index % groups] - part.center
                squares[index % groups] +=
                    part.squares - shift * (2 * part.sum - size(index) * shift)
            }
            mean += centers.map(Float.init)
            variance += squares.map { Float($0 / total) }
        }
        (self.mean, self.variance) = (mean, variance)
    }

    private static func measure(
        _ x: UnsafePointer<Float>, _ chunk: PlaceChunks.Chunk, channels: Int, groups: Int,
        into parts: UnsafeMutablePointer<Part>
    ) {
        let width = channels / groups
        let size = Double(chunk.places * width)
        unsafe Scratch.withFloats(3 * channels) { sums in
            let (squares, centers) = unsafe (sums + channels, sums + 2 * channels)
            unsafe Kernels.table.column_sums(x + chunk.start, sums, chunk.places, channels)
            for group in 0..<groups {
                let center = unsafe Float(total(sums + group * width, width) / size)
                unsafe (centers + group * width).update(repeating: center, count: width)
            }
            unsafe Kernels.table.column_moments(
                x + chunk.start, centers, sums, squares, chunk.places, channels)
            for group in 0..<groups {
                let first = group * width
                unsafe (parts + group).initialize(
                    to: Part(
                        center: Double(centers[first]), sum: total(sums + first, width),
                        squares: total(squares + first, width)))
            }
        }
    }

    private static func total(_ x: UnsafePointer<Float>, _ count: Int) -> Double {
        var total = 0.0
        for index in 0..<count { unsafe total += Double(x[index]) }
        return total
    }

    /// The mean for each channel, `[batch, channels]`.
    func means(_ channels: Int) -> Tensor {
        spread(channels) { index, _ in mean[index] }
    }

    /// `weight / √(variance + epsilon)` for each channel, `[batch, channels]`.
    func scales(_ weight: Tensor, epsilon: Float) -> Tensor {
        weight.withSpan { weight in
            spread(weight.count) { weight[$1] / (variance[$0] + epsilon).squareRoot() }
        }
    }

    private func spread(
        _ channels: Int, _ number: (_ group: Int, _ channel: Int) -> Float
    ) -> Tensor {
        let width = channels / groups
        return unsafe Tensor(uninitialized: [mean.count / groups, channels]) { y in
            for index in 0..<mean.count * width {
                unsafe y[index] = number(index / width, index % channels)
            }
        }
    }
}

/// The places of all samples in chunks of one sample each, of a size that depends on the shape of a
/// sample alone.
struct PlaceChunks {
    struct Chunk {
        let index, sample: Int
        /// The first element.
        let start: Int
        let places: Int
    }

    let batch, places, channels: Int
    private let grain: Int

    init(batch: Int, places: Int, channels: Int) {
        self.batch = batch
        self.places = places
        self.channels = channels
        grain = max(16 * 1024 / max(channels, 1), 1)
    }

    /// Of a sample.
    var count: Int { (places + grain - 1) / grain }

    func places(of chunk: Int) -> Int { min(grain, places - chunk * grain) }

    func forEach(_ body: (Chunk) -> Void) {
        // A thread takes several chunks where each is small.
        let together = max(grain / max(places, 1), 1)
        ThreadPool.run(batch * count, grain: together) { indices in
            for index in indices {
                let (sample, chunk) = index.quotientAndRemainder(dividingBy: count)
                body(
                    Chunk(
                        index: index, sample: sample,
                        start: (sample * places + chunk * grain) * channels,
                        places: places(of: chunk)))
            }
        }
    }
}
