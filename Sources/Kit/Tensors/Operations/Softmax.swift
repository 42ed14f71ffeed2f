/// `exp(x) / Σ exp(x)` over each row of the last axis.
///
/// - Parameter x: `[..., C]`.
/// - Returns: `[..., C]`.
public func softmax(_ x: Tensor) -> Tensor {
    let channels = x.shape[-1]
    let rows = x.count / max(channels, 1)
    return unsafe Tensor(uninitialized: x.shape) { y in
        unsafe x.withElements { x in
            forEachRun(of: rows, width: channels) { rows in
                for row in rows {
                    unsafe Kernels.table.softmax(x + row * channels, y + row * channels, channels)
                }
            }
        }
    }
}
