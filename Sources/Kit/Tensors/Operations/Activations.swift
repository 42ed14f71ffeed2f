/// `x · sigmoid(x)` of each element (Elfwing et al., 2017), also called swish.
public func silu(_ x: consuming Tensor) -> Tensor {
    unsafe map(x) { x, y, count in unsafe Kernels.table.silu(x, y, count) }
}

/// `x · Φ(x)` of each element, with the exact normal distribution and not its tanh
/// approximation (Hendrycks and Gimpel, 2016).
public func gelu(_ x: consuming Tensor) -> Tensor {
    unsafe map(x) { x, y, count in unsafe Kernels.table.gelu(x, y, count) }
}

/// `max(x, 0)` of each element; a NaN stays one.
public func relu(_ x: consuming Tensor) -> Tensor {
    unsafe map(x) { x, y, count in unsafe Kernels.table.relu(x, y, count) }
}

private func map(
    _ x: consuming Tensor,
    _ kernel: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
) -> Tensor {
    let count = x.count
    return unsafe x.mapped { x, y in
        forEachRun(of: count) { run in
            unsafe kernel(x + run.lowerBound, y + run.lowerBound, run.count)
        }
    }
}
