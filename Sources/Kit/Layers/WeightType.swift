public import Tensors

/// The numbers that a model is stored in, and thereby what it computes in.
public enum WeightType: String, Sendable, CaseIterable {
    /// 32-bit floats.
    case f32
    /// bf16 in products, convolutions and attention.
    case bf16
    /// Stored in 16-bit floats, computed in 32-bit ones.
    case f16
    /// Matrices in blocks of bytes with a scale, multiplied as integers; the rest as `bf16`.
    case q8_0
    /// The same in half bytes.
    case q4

    /// Whether a matrix is rounded so much in it that nothing can be added to it afterwards.
    public var isQuantised: Bool {
        switch self {
        case .f32, .bf16, .f16: false
        case .q8_0, .q4: true
        }
    }

    /// How a parameter is stored.
    ///
    /// - Parameters:
    ///   - shape: `[N, K]`, or `[O, I, h, w]` of a convolution.
    /// - Returns: `nil` for one that is stored as published, see ``format(for:)``.
    public func layout(for use: ParameterUse, _ shape: Shape) -> PackedLayout? {
        switch use {
        case .vector, .table: nil
        case .matrix(let parts): matrixLayout([shape[0] / parts, shape[1]])
        case .kernel(let stride): kernelLayout([shape[0], shape[2], shape[3], shape[1]], stride)
        }
    }

    private func matrixLayout(_ shape: Shape) -> PackedLayout? {
        switch self {
        case .f32: .panels
        case .f16: nil
        case .bf16: .pairs
        case .q8_0: PackedLayout.q8_0.suits(shape) ? .q8_0 : .pairs
        case .q4: PackedLayout.q4.suits(shape) ? .q4 : .pairs
        }
    }

    /// - Parameter shape: `[O, h, w, I]`.
    private func kernelLayout(_ shape: Shape, _ stride: Int) -> PackedLayout? {
        let isTransformed = WinogradWeight.suits(shape, stride: stride)
        return switch self {
        case .f32: isTransformed ? .winograd : .panels
        case .f16: nil
        case .bf16, .q8_0, .q4: isTransformed ? .winogradPairs : .pairs
        }
    }

    /// The format of parameters that are not packed. Vectors are few and stay in 32-bit floats.
    public func format(for use: ParameterUse) -> WeightFormat {
        switch (self, use) {
        case (.f32, _), (_, .vector): .float32
        case (.bf16, _), (.q8_0, _), (.q4, _): .bfloat16
        case (.f16, _): .float16
        }
    }
}

extension StoredParameter {
    /// A published parameter as it is stored in a type.
    /// - Parameter weight: row-major, a convolution's as `[O, I, h, w]`.
    public init(_ weight: Weight, for use: ParameterUse, as type: WeightType) {
        guard let layout = type.layout(for: use, weight.shape) else {
            let format = type.format(for: use)
            self = .plain(
                weight.format == format ? weight : Weight(weight.tensor(), format: format))
            return
        }
        switch use {
        case .kernel: self = .packed(PackedTensor(weight.channelsInnermost(), layout))
        case .matrix(let parts): self = .packed(PackedTensor(weight, layout, parts: parts))
        case .vector, .table: preconditionFailure("\(use) in \(layout)")
        }
    }
}
