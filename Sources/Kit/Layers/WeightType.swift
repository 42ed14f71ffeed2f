public import Tensors

/// The numbers that a model is stored in, and thereby what it computes in.
public enum WeightType: String, Sendable, CaseIterable {
    /// 32-bit floats.
    case f32
    /// bf16 in products, convolutions and attention.
    case bf16
    /// Stored in 16-bit floats, computed in 32-bit ones.
    case f16

    /// How a parameter is stored.
    ///
    /// - Parameters:
    ///   - shape: `[N, K]`, or `[O, I, h, w]` of a convolution.
    /// - Returns: `nil` for one that is stored as published, see ``format(for:)``.
    public func layout(for use: ParameterUse, _ shape: Shape) -> PackedLayout? {
        let layout: PackedLayout? =
            switch (self, use) {
            case (.bf16, .matrix), (.bf16, .kernel): .pairs
            case (_, .vector), (_, .table), (.f32, _), (.f16, _): nil
            }
        return layout?.suits(shape) == true ? layout : nil
    }

    /// The format of parameters that are not packed. Vectors are few and stay in 32-bit floats.
    public func format(for use: ParameterUse) -> WeightFormat {
        switch (self, use) {
        case (.f32, _), (_, .vector): .float32
        case (.bf16, _): .bfloat16
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
