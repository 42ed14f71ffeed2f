/// How many rows and columns of zeros surround an image.
public struct Padding: Sendable, Equatable {
    public let top, left, bottom, right: Int

    public init(top: Int, left: Int, bottom: Int, right: Int) {
        precondition(
            min(top, left, bottom, right) >= 0,
            "negative padding \(top), \(left), \(bottom), \(right)")
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    /// The same on all four sides.
    public init(_ side: Int) { self.init(top: side, left: side, bottom: side, right: side) }
}

/// A two-dimensional convolution (cross-correlation, as in PyTorch) over channels-innermost images.
///
/// - Parameters:
///   - x: `[B, H, W, I]`.
///   - weight: `[O, h, w, I]`, see ``Weight/channelsInnermost()``.
///   - bias: `[O]`.
///   - residual: of the result's shape, to which it is added as the last thing.
/// - Returns: `[B, H', W', O]` with `H' = (H + top + bottom - h) / stride + 1`, rounded down.
///
/// A product of matrices whose rows are the receptive fields of the output's pixels. A band of
/// rows at a time is packed from the image, so that the whole matrix, `h · w` times the image,
/// never exists. A pixel's result depends on its receptive field alone: an image gets the same
/// bytes alone and in a batch.
public func conv2d(
    _ x: Tensor, _ weight: Weight, bias: Tensor?, stride: Int = 1, padding: Padding = Padding(0),
    adding residual: Tensor? = nil
) -> Tensor {
    precondition(
        x.shape.rank == 4 && weight.shape.rank == 4 && x.shape[3] == weight.shape[3],
        "conv2d: x \(x.shape), weight \(weight.shape)")
    precondition(
        bias == nil || bias?.shape == [weight.shape[0]],
        "conv2d: weight \(weight.shape), bias \(bias?.shape ?? [])")
    let field = ReceptiveField(x.shape, weight.shape, stride: stride, padding: padding)
    let (outputs, depth) = (weight.shape[0], weight.shape.count / max(weight.shape[0], 1))
    let matrix = weight.reshaped([outputs, depth])
    let rows = x.shape[0] * field.outputHeight * field.outputWidth
    let shape: Shape = [x.shape[0], field.outputHeight, field.outputWidth, outputs]
    checkResidual(residual, shape)
    return unsafe Tensor(uninitialized: shape) { y in
        unsafe x.withElements { x in
            Addends.with(bias: bias, residual: residual) { added in
                guard !field.isPixel else {
                    unsafe linearForward(x, matrix, adding: added, into: y, rows: rows)
                    return
                }
                let product = Product(rows: rows, columns: outputs, depth: depth)
                unsafe product(ReceptiveFields(field, of: x), matrix, adding: added, into: y)
            }
        }
    }
}

/// The same for a 3×3 weight of stride 1 that was transformed beforehand. It differs from the plain
/// one by rounding: little for a weight of 32-bit floats; in bf16, the transformed image and weight are
/// rounded, and about 1.7 times as much is lost as by rounding the plain ones. A pixel's result depends on the 4×4 inputs of its tile of 2×2 outputs and on
/// nothing else.
public func conv2d(
    _ x: Tensor, _ weight: WinogradWeight, bias: Tensor?, padding: Padding = Padding(0),
    adding residual: Tensor? = nil
) -> Tensor {
    precondition(
        x.shape.rank == 4 && x.shape[3] == weight.channels,
        "conv2d: x \(x.shape), weight [\(weight.outputs), 3, 3, \(weight.channels)]")
    precondition(
        bias == nil || bias?.shape == [weight.outputs],
        "conv2d: \(weight.outputs) outputs, bias \(bias?.shape ?? [])")
    precondition(
        x.shape[1] + padding.top + padding.bottom >= 3
            && x.shape[2] + padding.left + padding.right >= 3,
        "conv2d: a 3×3 weight is larger than x \(x.shape) with padding \(padding)")
    let shape = Winograd.outputShape(x.shape, outputs: weight.outputs, padding: padding)
    checkResidual(residual, shape)
    return unsafe Tensor(uninitialized: shape) { y in
        unsafe x.withElements { elements in
            Addends.with(bias: bias, residual: residual) { added in
                let convolution = Winograd(
                    x.shape, outputs: weight.outputs, format: weight.format, padding: padding,
                    adding: added)
                unsafe convolution(elements, weight, into: y)
            }
        }
    }
}

/// The same with a packed weight, as in a linear map: in 32-bit floats, or in bf16 with the image
/// rounded to nearest, ties to even.
///
/// - Parameter weight: of `[O, h, w, I]`.
public func conv2d(
    _ x: Tensor, _ weight: PackedWeight, bias: Tensor?, stride: Int = 1,
    padding: Padding = Padding(0), adding residual: Tensor? = nil
) -> Tensor {
    precondition(
        x.shape.rank == 4 && weight.shape.rank == 4 && x.shape[3] == weight.shape[3],
        "conv2d: x \(x.shape), weight \(weight.shape)")
    precondition(
        bias == nil || bias?.shape == [weight.columns],
        "conv2d: weight \(weight.shape), bias \(bias?.shape ?? [])")
    let field = ReceptiveField(x.shape, weight.shape, stride: stride, padding: padding)
    let rows = x.shape[0] * field.outputHeight * field.outputWidth
    let shape: Shape = [x.shape[0], field.outputHeight, field.outputWidth, weight.columns]
    checkResidual(residual, shape)
    return unsafe Tensor(uninitialized: shape) { y in
        unsafe x.withElements { x in
            Addends.with(bias: bias, residual: residual) { added in
                if field.isPixel {
                    unsafe linearForward(x, weight, adding: added, into: y, rows: rows)
                } else {
                    unsafe packedProduct(
                        ReceptiveFields(field, of: x), weight, adding: added, into: y, rows: rows)
                }
            }
        }
    }
}
