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
    return unsafe Tensor(uninitialized: x.shape) { y in
        unsafe x.withElements { x in
            weight.withSpan { weight in
                unsafe bias.withElements { bias in
                    for sample in 0..<batch {
                        let start = sample * places * channels
                        unsafe groupNormForward(
                            x + start, weight, bias, into: y + start, places: places,
                            groups: groups, epsilon: epsilon)
                    }
                }
            }
        }
    }
}

/// One sample, `[places, C]`.
func groupNormForward(
    _ x: UnsafePointer<Float>, _ weight: Span<Float>, _ bias: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, places: Int, groups: Int, epsilon: Float
) {
    let channels = weight.count
    let chunks = PlaceChunks(places: places, channels: channels)
    let means = unsafe chunks.groupMeans(groups: groups) { rows, sums in
        unsafe Kernels.table.column_sums(
            x + rows.lowerBound * channels, sums, rows.count, channels)
    }
    let mean = unsafe Tensor(uninitialized: [channels]) { mean in
        for channel in 0..<channels {
            unsafe mean[channel] = means[channel / (channels / groups)]
        }
    }
    let variances = unsafe chunks.groupMeans(groups: groups) { rows, sums in
        unsafe mean.withElements { mean in
            unsafe Kernels.table.column_squares(
                x + rows.lowerBound * channels, mean, sums, rows.count, channels)
        }
    }
    let scale = unsafe Tensor(uninitialized: [channels]) { scale in
        for channel in 0..<channels {
            let variance = variances[channel / (channels / groups)]
            unsafe scale[channel] = weight[channel] / (variance + epsilon).squareRoot()
        }
    }
    unsafe mean.withElements { mean in
        unsafe scale.withElements { scale in
            chunks.forEach { _, rows in
                let start = rows.lowerBound * channels
                unsafe Kernels.table.column_affine(
                    x + start, mean, scale, bias, y + start, rows.count, channels)
            }
        }
    }
}

/// The places of a sample in chunks of a size that depends on the shape alone.
private struct PlaceChunks {
    let places, channels: Int
    private let grain: Int

    init(places: Int, channels: Int) {
        self.places = places
        self.channels = channels
        grain = max(16 * 1024 / max(channels, 1), 1)
    }

    private var count: Int { (places + grain - 1) / grain }

    func forEach(_ body: (Int, Range<Int>) -> Void) {
        ThreadPool.run(count) { chunk in
            body(chunk, chunk * grain..<min((chunk + 1) * grain, places))
        }
    }

    /// The mean over each group of channels of what `sums` adds up for each channel of a chunk.
    func groupMeans(
        groups: Int, _ sums: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) -> [Float] {
        let partial = unsafe Tensor(uninitialized: [count, channels]) { partial in
            forEach { chunk, rows in unsafe sums(rows, partial + chunk * channels) }
        }
        let width = channels / groups
        return partial.withSpan { partial in
            (0..<groups).map { group in
                var total = 0.0
                for chunk in 0..<count {
                    for channel in group * width..<(group + 1) * width {
                        total += Double(partial[chunk * channels + channel])
                    }
                }
                return Float(total / Double(max(places * width, 1)))
            }
        }
    }
}
