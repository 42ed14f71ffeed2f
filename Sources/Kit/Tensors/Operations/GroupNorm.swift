/// Normalises groups of channels of each sample over all places (Wu and He, 2018).
///
/// - Parameters:
///   - x: `[B, ..., C]`.
///   - groups: How many groups of neighbouring channels; divides `C`.
///   - weight, bias: `[C]`.
/// - Returns: `[B, ..., C]`.
///
/// Mean and variance are taken in two passes: a variance from sums of squares would lose its
/// digits where the mean is large.
public func groupNorm(
    _ x: Tensor, groups: Int, weight: Tensor, bias: Tensor, epsilon: Float
) -> Tensor {
    let channels = x.shape[-1]
    precondition(
        x.shape.rank >= 2 && weight.shape == [channels] && bias.shape == [channels],
        "groupNorm: x \(x.shape), weight \(weight.shape), bias \(bias.shape)")
    precondition(
        groups >= 1 && channels % groups == 0, "groupNorm: \(groups) groups of x \(x.shape)")
    let batch = x.shape[0]
    let places = x.count / max(batch * channels, 1)
    let chunks = PlaceChunks(batch: batch, places: places, channels: channels)
    return unsafe Tensor(uninitialized: x.shape) { y in
        unsafe x.withElements { x in
            weight.withSpan { weight in
                unsafe bias.withElements { bias in
                    unsafe groupNormForward(
                        x, weight, bias, into: y, chunks, groups: groups, epsilon: epsilon)
                }
            }
        }
    }
}

private func groupNormForward(
    _ x: UnsafePointer<Float>, _ weight: Span<Float>, _ bias: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, _ chunks: PlaceChunks, groups: Int, epsilon: Float
) {
    let (batch, channels) = (chunks.batch, chunks.channels)
    let width = channels / groups
    let means = unsafe chunks.groupMeans(groups: groups) { chunk, sums in
        unsafe Kernels.table.column_sums(x + chunk.start, sums, chunk.places, channels)
    }
    let mean = unsafe Tensor(uninitialized: [batch, channels]) { mean in
        for index in 0..<batch * channels {
            unsafe mean[index] = means[index / width]
        }
    }
    let variances = unsafe chunks.groupMeans(groups: groups) { chunk, sums in
        unsafe mean.withElements { mean in
            unsafe Kernels.table.column_squares(
                x + chunk.start, mean + chunk.sample * channels, sums, chunk.places, channels)
        }
    }
    let scale = unsafe Tensor(uninitialized: [batch, channels]) { scale in
        for sample in 0..<batch {
            for channel in 0..<channels {
                let variance = variances[sample * groups + channel / width]
                unsafe scale[sample * channels + channel] =
                    weight[channel] / (variance + epsilon).squareRoot()
            }
        }
    }
    unsafe mean.withElements { mean in
        unsafe scale.withElements { scale in
            chunks.forEach { chunk in
                let row = chunk.sample * channels
                unsafe Kernels.table.column_affine(
                    x + chunk.start, mean + row, scale + row, bias, y + chunk.start, chunk.places,
                    channels)
            }
        }
    }
}

/// The places of all samples in chunks of one sample each, of a size that depends on the shape of a
/// sample alone.
private struct PlaceChunks {
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
    private var count: Int { (places + grain - 1) / grain }

    func forEach(_ body: (Chunk) -> Void) {
        // A thread takes several chunks where each is small.
        let together = max(grain / max(places, 1), 1)
        ThreadPool.run(batch * count, grain: together) { indices in
            for index in indices {
                let (sample, chunk) = index.quotientAndRemainder(dividingBy: count)
                let first = chunk * grain
                body(
                    Chunk(
                        index: index, sample: sample,
                        start: (sample * places + first) * channels,
                        places: min(grain, places - first)))
            }
        }
    }

    /// For each sample, the mean over each group of channels of what `sums` adds up for each
    /// channel of a chunk: `batch` times `groups` numbers.
    func groupMeans(
        groups: Int, _ sums: (Chunk, UnsafeMutablePointer<Float>) -> Void
    ) -> [Float] {
        let partial = unsafe Tensor(uninitialized: [batch * count, channels]) { partial in
            forEach { chunk in unsafe sums(chunk, partial + chunk.index * channels) }
        }
        let width = channels / groups
        return partial.withSpan { partial in
            (0..<batch * groups).map { index in
                let (sample, group) = index.quotientAndRemainder(dividingBy: groups)
                var total = 0.0
                for chunk in sample * count..<(sample + 1) * count {
                    for channel in group * width..<(group + 1) * width {
                        total += Double(partial[chunk * channels + channel])
                    }
                }
                return Float(total / Double(max(places * width, 1)))
            }
        }
    }
}
