/// The weight of a convolution in the form that it reads. The form decides the arithmetic and the method.
public enum ConvolutionKernel: Sendable {
    /// `[O, h, w, I]`: 32-bit floats, products of receptive fields.
    case stored(Weight)
    /// 3×3 of stride 1, transformed (Winograd's minimal filtering), in 32-bit floats or bf16.
    case transformed(WinogradWeight)
    /// Panels of 32-bit floats or bf16 numbers: products of receptive fields in these.
    case packed(PackedWeight)

    /// A weight of `[O, h, w, I]` in 32-bit floats, transformed where that is faster.
    public init(_ weight: Weight, stride: Int) {
        self =
            (weight.isMaterialised || DryRun.isRunning)
                && WinogradWeight.suits(weight.shape, stride: stride)
            ? .transformed(WinogradWeight(weight)) : .stored(weight)
    }

    /// - Returns: `nil` for a layout that is not one of convolutions, or not of that stride.
    public init?(_ tensor: PackedTensor, stride: Int) {
        guard tensor.shape.rank == 4, tensor.parts == 1 else { return nil }
        switch tensor.layout {
        case .panels, .pairs:
            self = unsafe .packed(
                PackedWeight(
                    tensor.shape, format: tensor.layout.arithmetic, unsafeBytes: tensor.bytes,
                    owner: tensor.owner))
        case .winograd, .winogradPairs:
            guard stride == 1 else { return nil }
            self = unsafe .transformed(
                WinogradWeight(
                    outputs: tensor.shape[0], channels: tensor.shape[3],
                    format: tensor.layout.arithmetic, unsafeBytes: tensor.bytes,
                    owner: tensor.owner))
        case .q8_0, .q4: return nil
        }
    }
}

/// A convolution, whatever form its weight has: see ``conv2d(_:_:bias:stride:padding:)``.
public func conv2d(
    _ x: Tensor, _ kernel: ConvolutionKernel, bias: Tensor?, stride: Int = 1,
    padding: Padding = Padding(0), adding residual: Tensor? = nil
) -> Tensor {
    switch kernel {
    case .stored(let weight):
        conv2d(x, weight, bias: bias, stride: stride, padding: padding, adding: residual)
    case .transformed(let weight):
        conv2d(x, weight, bias: bias, padding: padding, adding: residual)
    case .packed(let weight):
        conv2d(x, weight, bias: bias, stride: stride, padding: padding, adding: residual)
    }
}
