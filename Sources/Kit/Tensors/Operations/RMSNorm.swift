/// Divides each row of the last axis by its root mean square (Zhang and Sennrich, 2019):
/// `y = x / √(mean(x²) + epsilon) · weight`.
///
/// - Parameters:
///   - x: `[..., C]`.
///   - weight: `[C]`.
/// - Returns: `[..., C]`.
public func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float) -> Tensor {
    let channels = x.shape[-1]
    precondition(weight.shape == [channels], "rmsNorm: x \(x.shape), weight \(weight.shape)")
    let rows = x.count / max(channels, 1)
    return unsafe Tensor(uninitialized: x.shape) { y in
        unsafe x.withElements { x in
            unsafe weight.withElements { weight in
                forEachRun(of: rows, width: channels) { rows in
                    for row in rows {
                        unsafe Kernels.table.rms_norm(
                            x + row * channels, weight, epsilon, y + row * channels, channels)
                    }
                }
            }
        }
    }
}
