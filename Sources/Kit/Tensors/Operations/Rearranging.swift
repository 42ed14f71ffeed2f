/// The tensors one after the other along an axis.
///
/// - Parameters:
///   - tensors: at least one; equal in all other axes.
///   - axis: negative counts from the innermost, which is -1.
public func concatenate(_ tensors: [Tensor], axis: Int) -> Tensor {
    guard let first = tensors.first else { preconditionFailure("concatenate: no tensors") }
    let axis = axis < 0 ? first.shape.rank + axis : axis
    precondition(
        first.shape.rank > axis && axis >= 0, "concatenate: axis \(axis) of \(first.shape)")
    var extent = 0
    for tensor in tensors {
        precondition(
            tensor.shape.rank == first.shape.rank
                && tensor.shape.with(0, at: axis) == first.shape.with(0, at: axis),
            "concatenate: \(first.shape) and \(tensor.shape) along axis \(axis)")
        extent += tensor.shape[axis]
    }
    let outer = first.shape.array[..<axis].reduce(1, *)
    let inner = first.shape.array[(axis + 1)...].reduce(1, *)
    return unsafe Tensor(uninitialized: first.shape.with(extent, at: axis)) { y in
        var target = unsafe y
        for index in 0..<outer {
            for tensor in tensors {
                let count = tensor.shape[axis] * inner
                unsafe tensor.withElements { x in
                    unsafe target.update(from: x + index * count, count: count)
                }
                unsafe target += count
            }
        }
    }
}

extension Tensor {
    /// A part of an axis.
    public func slice(axis: Int, _ range: Range<Int>) -> Tensor {
        let axis = axis < 0 ? shape.rank + axis : axis
        precondition(
            axis >= 0 && axis < shape.rank && range.lowerBound >= 0
                && range.upperBound <= shape[axis],
            "slice \(range) of axis \(axis) of \(shape)")
        let outer = shape.array[..<axis].reduce(1, *)
        let inner = shape.array[(axis + 1)...].reduce(1, *)
        let count = range.count * inner
        return unsafe Tensor(uninitialized: shape.with(range.count, at: axis)) { y in
            unsafe withElements { x in
                for index in 0..<outer {
                    let start = (index * shape[axis] + range.lowerBound) * inner
                    unsafe (y + index * count).update(from: x + start, count: count)
                }
            }
        }
    }

    /// `[B, C, H, W]` to `[B, H, W, C]`.
    public func channelsInnermost() -> Tensor {
        precondition(shape.rank == 4, "channelsInnermost: \(shape)")
        let (batch, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
        return transposed(
            batch: batch, rows: channels, columns: height * width,
            to: [batch, height, width, channels])
    }

    /// `[B, H, W, C]` to `[B, C, H, W]`.
    public func channelsOutermost() -> Tensor {
        precondition(shape.rank == 4, "channelsOutermost: \(shape)")
        let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
        return transposed(
            batch: batch, rows: height * width, columns: channels,
            to: [batch, channels, height, width])
    }

    /// Each of `batch` matrices transposed.
    private func transposed(batch: Int, rows: Int, columns: Int, to shape: Shape) -> Tensor {
        unsafe Tensor(uninitialized: shape) { y in
            unsafe withElements { x in
                for sample in 0..<batch {
                    let x = unsafe x + sample * rows * columns
                    let y = unsafe y + sample * rows * columns
                    unsafe transpose(x, into: y, rows: rows, columns: columns)
                }
            }
        }
    }
}

/// In squares that keep the lines of both matrices in the nearest cache.
private func transpose(
    _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int, columns: Int
) {
    let side = 16
    ThreadPool.run(rows, grain: 16 * side) { band in
        for firstColumn in stride(from: 0, to: columns, by: side) {
            let lastColumn = min(firstColumn + side, columns)
            for firstRow in stride(from: band.lowerBound, to: band.upperBound, by: side) {
                for row in firstRow..<min(firstRow + side, band.upperBound) {
                    for column in firstColumn..<lastColumn {
                        unsafe y[column &* rows &+ row] = x[row &* columns &+ column]
                    }
                }
            }
        }
    }
}
