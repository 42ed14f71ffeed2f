internal import CKernels

/// An affine map of the last axis: `y = x · weightᵀ + bias`.
///
/// - Parameters:
///   - x: `[..., K]`.
///   - weight: `[N, K]`, as PyTorch keeps it.
///   - bias: `[N]`.
///   - residual: `[..., N]`, to which the result is added.
/// - Returns: `[..., N]`.
///
/// A row of `y` depends on its row of `x`, the weight and the bias alone: it has the same bytes
/// whatever other rows there are, how many, and on how many threads. An element is the sum of eight
/// chains, chain `l` over the `k` with `k mod 8 = l` in ascending order, added up from chain 0 to
/// chain 7, then the bias, then the residual: as if `residual + linear(x, weight, bias: bias)`.
///
/// Up to eight rows (the tokens being generated) read the weight once, as it is stored; more rows
/// go through blocked products, which compute the same sums.
public func linear(
    _ x: Tensor, _ weight: Weight, bias: Tensor? = nil, adding residual: Tensor? = nil
) -> Tensor {
    precondition(
        weight.shape.rank == 2 && x.shape.rank >= 1 && x.shape[-1] == weight.shape[1],
        "linear: x \(x.shape), weight \(weight.shape)")
    let outputs = weight.shape[0]
    precondition(
        bias == nil || bias?.shape == [outputs],
        "linear: weight \(weight.shape), bias \(bias?.shape ?? [])")
    let rows = x.count / max(x.shape[-1], 1)
    let shape = x.shape.with(outputs, at: -1)
    checkResidual(residual, shape)
    return unsafe Tensor(uninitialized: shape) { y in
        unsafe x.withElements { x in
            Addends.with(bias: bias, residual: residual) { added in
                unsafe linearForward(x, weight, adding: added, into: y, rows: rows)
            }
        }
    }
}

/// The same map with a packed weight: in 32-bit floats, or in bf16 with `x` rounded to nearest, ties to
/// even. Sums are in 32-bit floats in either.
///
/// - Parameters:
///   - x: `[..., K]`.
///   - weight: `N` rows of `K`.
///   - bias: `[N]`, not rounded.
///   - residual: `[..., N]`, to which the result is added; not rounded.
/// - Returns: `[..., N]`, not rounded.
///
/// An element is one sum over the depth in ascending order, in 32-bit floats the sum of one for each block of up
/// to 512 steps; then the bias, then the residual: a row has the same
/// bytes whatever other rows there are, and on how many threads. In bf16, CPUs with an instruction for it
/// (`avx512bf16`) take subnormal numbers for zero and order two neighbours as that does.
public func linear(
    _ x: Tensor, _ weight: PackedWeight, bias: Tensor? = nil, adding residual: Tensor? = nil
) -> Tensor {
    precondition(
        weight.shape.rank == 2 && x.shape.rank >= 1 && x.shape[-1] == weight.depth,
        "linear: x \(x.shape), weight \(weight.shape)")
    precondition(
        bias == nil || bias?.shape == [weight.columns],
        "linear: weight \(weight.shape), bias \(bias?.shape ?? [])")
    let rows = x.count / max(x.shape[-1], 1)
    let shape = x.shape.with(weight.columns, at: -1)
    checkResidual(residual, shape)
    return unsafe Tensor(uninitialized: shape) { y in
        unsafe x.withElements { x in
            Addends.with(bias: bias, residual: residual) { added in
                unsafe linearForward(x, weight, adding: added, into: y, rows: rows)
            }
        }
    }
}

func checkResidual(_ residual: Tensor?, _ shape: Shape) {
    precondition(
        residual == nil || residual?.shape == shape,
        "residual \(residual?.shape ?? []) of a result \(shape)")
}

/// The same map with a quantised weight: each row of `x` is quantised as well, in blocks of 32 to
/// whole numbers between -127 and 127, and products of blocks are exact.
///
/// - Parameters:
///   - x: `[..., K]`.
///   - weight: `[N, K]`.
///   - bias: `[N]`, not quantised.
/// - Returns: `[..., N]`.
///
/// An element is the sum over the blocks in the order of the depth, each scaled and added in 32-bit
/// floats, and then the bias: a row has the same bytes whatever other rows there are, on how many
/// threads, and on every CPU. A block of `x` that holds a number that is not finite makes its row
/// NaN; one with magnitudes below 2⁻¹⁰⁰ alone counts as zero.
public func linear(_ x: Tensor, _ weight: QuantisedWeight, bias: Tensor? = nil) -> Tensor {
    linear(x, [(weight, bias)])[0]
}

/// Several such maps of the same rows, which are quantised once, in one sharing out of work.
func linear(_ x: Tensor, _ maps: [(weight: QuantisedWeight, bias: Tensor?)]) -> [Tensor] {
    for (weight, bias) in maps {
        precondition(
            x.shape.rank >= 1 && x.shape[-1] == weight.shape[1],
            "linear: x \(x.shape), weight \(weight.shape)")
        precondition(
            bias == nil || bias?.shape == [weight.shape[0]],
            "linear: weight \(weight.shape), bias \(bias?.shape ?? [])")
    }
    let results = maps.map { map in
        let shape = x.shape.with(map.weight.shape[0], at: -1)
        return Tensor(shape: shape, storage: Storage(count: shape.count))
    }
    if results.contains(where: { $0.storage.isShapeOnly }) { return results }
    defer {
        extendLifetime(results)
        extendLifetime(maps)
    }
    let parts = zip(maps, results).map { map, result in
        unsafe QuantisedProduct.Part(
            map.weight, bias: map.bias.map { unsafe UnsafePointer($0.storage.elements) },
            into: result.storage.elements)
    }
    let product = QuantisedProduct(rows: x.count / x.shape[-1], depth: x.shape[-1])
    unsafe x.withElements { x in unsafe product(x, parts) }
    return results
}

func linearForward(
    _ x: UnsafePointer<Float>, _ weight: Weight, adding added: Addends,
    into y: UnsafeMutablePointer<Float>, rows: Int
) {
    let (columns, depth) = (weight.shape[0], weight.shape[1])
    guard rows <= Int(VOKEN_DOT_ROWS), let bytes = unsafe weight.bytes else {
        let product = Product(rows: rows, columns: columns, depth: depth)
        unsafe product(ContiguousRows(x, depth: depth), weight, adding: added, into: y)
        return
    }
    guard rows > 0 else { return }
    // A piece reads at least 64 Ki elements of the weight: waking a thread costs as much as that. Where there
    // is more to read pieces are longer, since what is fetched ahead at the end of one is read by no one.
    let few = (columns / (4 * ThreadPool.threads) + 15) / 16 * 16
    let grain = max(64 * 1024 / max(depth, 1), few, 8)
    let width = depth * weight.format.width
    ThreadPool.run(columns, grain: grain) { piece in
        let first = piece.lowerBound
        unsafe Kernels.table.dot_rows(
            weight.format.kernelFormat, bytes + first * width, added.bias(at: first), x,
            y + first, rows, piece.count, depth, columns)
        guard let residual = unsafe added.residual else { return }
        for row in 0..<rows {
            for element in row * columns + first..<row * columns + piece.upperBound {
                unsafe y[element] += residual[element]
            }
        }
    }
}

func linearForward(
    _ x: UnsafePointer<Float>, _ weight: PackedWeight, adding added: Addends,
    into y: UnsafeMutablePointer<Float>, rows: Int
) {
    if weight.format == .float32 && rows <= Int(VOKEN_DOT_ROWS) {
        let product = PanelProduct(rows: rows, columns: weight.columns, depth: weight.depth)
        unsafe product.ofFewRows(x, weight, adding: added, into: y)
    } else {
        unsafe packedProduct(
            ContiguousRows(x, depth: weight.depth), weight, adding: added, into: y, rows: rows)
    }
}

/// A product in the format of the weight.
func packedProduct<Source: PanelRows & PairRows>(
    _ source: Source, _ weight: PackedWeight, adding added: Addends,
    into y: UnsafeMutablePointer<Float>, rows: Int
) {
    let (columns, depth) = (weight.columns, weight.depth)
    switch weight.format {
    case .float32:
        let product = PanelProduct(rows: rows, columns: columns, depth: depth)
        unsafe product(source, weight, adding: added, into: y)
    case .bfloat16:
        let product = PairProduct(rows: rows, columns: columns, depth: depth)
        unsafe product(source, weight, adding: added, into: y)
    }
}
