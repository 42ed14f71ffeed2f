internal import CKernels

/// An affine map of the last axis: `y = x · weightᵀ + bias`.
///
/// - Parameters:
///   - x: `[..., K]`.
///   - weight: `[N, K]`, as PyTorch keeps it.
///   - bias: `[N]`.
/// - Returns: `[..., N]`.
///
/// A row of `y` depends on its row of `x`, the weight and the bias alone: it has the same bytes
/// whatever other rows there are, how many, and on how many threads. An element is the sum of eight
/// chains, chain `l` over the `k` with `k mod 8 = l` in ascending order, added up from chain 0 to
/// chain 7, and then the bias.
///
/// Up to eight rows (the tokens being generated) read the weight once, as it is stored; more rows
/// go through blocked products, which compute the same sums.
public func linear(_ x: Tensor, _ weight: Weight, bias: Tensor? = nil) -> Tensor {
    precondition(
        weight.shape.rank == 2 && x.shape.rank >= 1 && x.shape[-1] == weight.shape[1],
        "linear: x \(x.shape), weight \(weight.shape)")
    let outputs = weight.shape[0]
    precondition(
        bias == nil || bias?.shape == [outputs],
        "linear: weight \(weight.shape), bias \(bias?.shape ?? [])")
    let rows = x.count / max(x.shape[-1], 1)
    return unsafe Tensor(uninitialized: x.shape.with(outputs, at: -1)) { y in
        unsafe x.withElements { x in
            unsafe bias.withElements { bias in
                unsafe linearForward(x, weight, bias, into: y, rows: rows)
            }
        }
    }
}

/// The same map in bf16: `x` and the weight are rounded to nearest, ties to even, and their products
/// summed in 32-bit floats.
///
/// - Parameters:
///   - x: `[..., K]`.
///   - weight: `N` rows of `K`.
///   - bias: `[N]`, not rounded.
/// - Returns: `[..., N]`, not rounded.
///
/// An element is one sum over the depth in ascending order, and then the bias: a row has the same
/// bytes whatever other rows there are, and on how many threads. CPUs with an instruction for it
/// (`avx512bf16`) take subnormal numbers for zero and order two neighbours as that does.
public func linear(_ x: Tensor, _ weight: PackedWeight, bias: Tensor? = nil) -> Tensor {
    precondition(
        weight.shape.rank == 2 && x.shape.rank >= 1 && x.shape[-1] == weight.depth,
        "linear: x \(x.shape), weight \(weight.shape)")
    precondition(
        bias == nil || bias?.shape == [weight.columns],
        "linear: weight \(weight.shape), bias \(bias?.shape ?? [])")
    let product = PairProduct(
        rows: x.count / max(x.shape[-1], 1), columns: weight.columns, depth: weight.depth)
    return unsafe Tensor(uninitialized: x.shape.with(weight.columns, at: -1)) { y in
        unsafe x.withElements { x in
            unsafe bias.withElements { bias in
                unsafe product(
                    ContiguousRows(x, depth: weight.depth), weight, bias: bias, into: y)
            }
        }
    }
}

func linearForward(
    _ x: UnsafePointer<Float>, _ weight: Weight, _ bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>, rows: Int
) {
    let (columns, depth) = (weight.shape[0], weight.shape[1])
    guard rows <= Int(VOKEN_DOT_ROWS), let bytes = unsafe weight.bytes else {
        let product = Product(rows: rows, columns: columns, depth: depth)
        unsafe product(ContiguousRows(x, depth: depth), weight, bias: bias, into: y)
        return
    }
    guard rows > 0 else { return }
    // A piece reads at least 64 Ki elements of the weight: waking a thread costs as much as that.
    let grain = max(64 * 1024 / max(depth, 1), 8)
    let width = depth * weight.format.width
    ThreadPool.run(columns, grain: grain) { columns in
        let first = columns.lowerBound
        unsafe Kernels.table.dot_rows(
            weight.format.kernelFormat, bytes + first * width,
            bias.map { unsafe $0 + first }, x, y + first, rows, columns.count, depth,
            weight.shape[0])
    }
}
