/// What the sums are computed with: the kernels' path for this CPU. Results are the same to the
/// last bit under one name, and may differ in the last digits between two.
public let arithmeticName: String = Kernels.name

/// What products and attention compute in; sums are always in 32-bit floats.
public enum Arithmetic: Sendable, Equatable { case float32, bfloat16 }
