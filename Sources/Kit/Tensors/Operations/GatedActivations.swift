/// The first half of the last axis times the GELU of the second half (Shazeer, 2020).
///
/// - Parameter x: `[..., 2C]`, values then gates.
/// - Returns: `[..., C]`.
public func geglu(_ x: Tensor) -> Tensor {
    precondition(x.shape[-1] % 2 == 0, "geglu: x \(x.shape)")
    let channels = x.shape[-1] / 2
    let rows = x.count / max(2 * channels, 1)
    return unsafe Tensor(uninitialized: x.shape.with(channels, at: -1)) { y in
        unsafe x.withElements { x in
            forEachRun(of: rows, width: channels) { rows in
                for row in rows {
                    let values = unsafe x + 2 * row * channels
                    unsafe Kernels.table.geglu(
                        values, values + channels, y + row * channels, channels)
                }
            }
        }
    }
}

/// `silu(gate) · up`, element by element (Shazeer, 2020).
///
/// - Parameter gate, up: of equal shapes.
public func swiglu(_ gate: Tensor, _ up: Tensor) -> Tensor {
    precondition(gate.shape == up.shape, "swiglu: gate \(gate.shape), up \(up.shape)")
    return unsafe Tensor(uninitialized: gate.shape) { y in
        unsafe gate.withElements { gates in
            unsafe up.withElements { ups in
                forEachRun(of: gate.count) { run in
                    unsafe Kernels.table.swiglu(
                        gates + run.lowerBound, ups + run.lowerBound, y + run.lowerBound,
                        run.count)
                }
            }
        }
    }
}
