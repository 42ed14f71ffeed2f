/// Normalises each row of the last axis to zero mean and unit variance (Ba et al., 2016):
/// `y = (x - mean) / √(variance + epsilon) · weight + bias`.
///
/// - Parameters:
///   - x: `[..., C]`.
///   - weight, bias: `[C]`.
/// - Returns: `[..., C]`.
public func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Float) -> Tensor {
    let channels = x.shape[-1]
    precondition(
        weight.shape == [channels] && bias.shape == [channels],
        "layerNorm: x \(x.shape), weight \(weight.shape), bias \(bias.shape)")
    let rows = x.count / max(channels, 1)
    return unsafe Tensor(uninitialized: x.shape) { y in
        unsafe x.withElements { x in
            unsafe weight.withElements { weight in
                unsafe bias.withElements { bias in
                    forEachRun(of: rows, width: channels) { rows in
                        for row in rows {
                            unsafe Kernels.table.layer_norm(
                                x + row * channels, weight, bias, epsilon, y + row * channels,
                                channels)
                        }
                    }
                }
            }
        }
    }
}
