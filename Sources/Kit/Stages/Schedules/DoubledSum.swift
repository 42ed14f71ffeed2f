public import Tensors

/// A sum that a solver keeps within itself and goes on from: in two tensors, so that it has the
/// digits of double precision. At high noise a step in ε multiplies by α' / α, and what was rounded
/// off with it.
public struct DoubledSum: Sendable {
    /// The sum, and what rounding it left out.
    public let terms: [(Double, Tensor)]

    /// A sample as it was given.
    public init(_ sample: Tensor) { terms = [(1, sample)] }

    public init(_ terms: [(Double, Tensor)]) {
        let sum = linearCombination(terms)
        self.terms = [(1, sum), (1, linearCombination(terms + [(-1, sum)]))]
    }

    /// For a sum that it is part of.
    public func times(_ factor: Double) -> [(Double, Tensor)] {
        terms.map { (factor * $0.0, $0.1) }
    }
}
