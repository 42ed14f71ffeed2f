public import Tensors

/// What a multistep solver remembers of earlier calls, newest first.
public struct OutputHistory: Sendable {
    /// λ of the level at which each output was made.
    public private(set) var lambdas: [Double] = []
    /// As ``OutputConversion`` gives them.
    private var outputs: [[(Double, Tensor)]] = []
    private let capacity: Int

    /// - Parameter capacity: outputs that are kept.
    public init(capacity: Int) {
        precondition(capacity > 0, "a history of nothing")
        self.capacity = capacity
    }

    public var count: Int { lambdas.count }

    public mutating func remember(_ output: [(Double, Tensor)], at level: NoiseLevel) {
        lambdas = [level.lambda] + lambdas.prefix(capacity - 1)
        outputs = [output] + outputs.prefix(capacity - 1)
    }

    /// The sum of as many outputs as there are weights.
    public func terms(_ weights: [Double]) -> [(Double, Tensor)] {
        zip(weights, outputs).flatMap { weight, output in
            output.map { (weight * $0, $1) }
        }
    }
}
