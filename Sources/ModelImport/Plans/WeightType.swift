import Tensors

/// The numbers that an imported model is stored in.
public enum WeightType: String, Sendable, CaseIterable {
    case f32, bf16, f16

    /// Of a tensor of that many axes. Biases and norms are few and stay in 32-bit floats.
    func format(rank: Int) -> WeightFormat {
        switch self {
        case _ where rank < 2: .float32
        case .f32: .float32
        case .bf16: .bfloat16
        case .f16: .float16
        }
    }

    /// Whether matrices lose so much in it that nothing can be added to them afterwards.
    var isQuantised: Bool { false }
}
