/// Normalises groups of channels of each sample over all places (Wu and He, 2018).
///
/// - Parameters:
///   - x: `[B, ..., C]`.
///   - groups: How many groups of neighbouring channels; divides `C`.
///   - weight, bias: `[C]`.
///   - activation: of what is normalised, in the same pass over memory.
/// - Returns: `[B, ..., C]`.
///
/// Mean and variance are those of chunks of a sample, put together (Chan et al., 1979): a variance from
/// sums of squares would lose its digits where the mean is large, and a chunk stays near for its second
/// pass. Chunks are cut by the shape of a sample alone.
public func groupNorm(
    _ x: Tensor, groups: Int, weight: Tensor, bias: Tensor, epsilon: Float,
    activation: Activation? = nil
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
    let kernel =
        unsafe activation == .silu
        ? Kernels.table.column_affine_silu : Kernels.table.column_affine
    let moments = unsafe x.withElements { unsafe GroupMoments($0, chunks, groups: groups) }
    let mean = moments.means(channels)
    let scale = moments.scales(weight, epsilon: epsilon)
    return unsafe Tensor(uninitialized: x.shape) { y in
        unsafe x.withElements { x in
            unsafe mean.withElements { mean in
                unsafe scale.withElements { scale in
                    unsafe bias.withElements { bias in
                        chunks.forEach { chunk in
                            let row = chunk.sample * channels
                            unsafe kernel(
                                x + chunk.start, mean + row, scale + row, bias, y + chunk.start,
                                chunk.places, channels)
                        }
                    }
                }
            }
        }
    }
}

/// An activation that an operation applies to its result as it stores it.
public enum Activation: Sendable, Equatable { case silu }
