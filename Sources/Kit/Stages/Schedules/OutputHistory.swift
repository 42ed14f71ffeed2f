public import Tensors

/// What a multistep solver remembers of earlier calls, newest first.
public struct OutputHistory: Sendable {
    /// λ of the level at which each output was made.
    public private(set) var lambdas: [Double] = []
    public private(set) var outputs: [Tensor] = []
    private let capacity: Int

    /// - Parameter capacity: outputs that are kept.
    public init(capacity: Int) {
        precondition(capacity > 0, "a history of nothing")
        self.capacity = capacity
    }

    public var count: Int { outputs.count }

    public mutating func remember(_ output: Tensor, at level: NoiseLevel) {
        lambdas = [level.lambda] + lambdas.prefix(capacity - 1)
        outputs = [output] + outputs.prefix(capacity - 1)
    }
}
