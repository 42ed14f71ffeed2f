public import Checkpoints
public import Tensors

/// From what the model puts out to what a solver wants of it.
public struct OutputConversion: Sendable {
    private let prediction: PredictionType
    private let bound: OriginalBound
    public let quantity: PredictedQuantity

    /// Reads `prediction_type` and the options of thresholding (see ``OriginalBound``).
    public init(
        _ options: SchedulerOptions, to quantity: PredictedQuantity
    ) throws(SettingError) {
        prediction = try options.choice("prediction_type", default: .epsilon)
        bound = try OriginalBound(options)
        self.quantity = quantity
    }

    /// Whether x_0 is kept within bounds.
    public var isBounded: Bool { bound != .none }

    /// The predicted quantity as a sum that is not taken yet. At high noise what it adds to a
    /// sample nearly cancels what is there: to round it first would leave few digits.
    /// - Parameter level: that of the sample.
    public func callAsFunction(
        _ sample: Tensor, _ output: Tensor, at level: NoiseLevel
    ) -> [(Double, Tensor)] {
        if isBounded {
            let original = bound(level.original(prediction)(sample, output))
            return quantity == .original
                ? [(1, original)] : level.epsilon(.sample).terms(sample, original)
        }
        switch quantity {
        case .original: return level.original(prediction).terms(sample, output)
        case .noise: return level.epsilon(prediction).terms(sample, output)
        }
    }
}
