import Tensors

/// A stage that does not keep its protocol's word.
public struct StageCheckError: Error, Sendable, Equatable, CustomStringConvertible {
    public let stage: StageDescriptor
    /// What was checked: `encode`, `steps 20`.
    public let check: String
    public let message: String

    public var description: String {
        "\(stage.kind.rawValue) \(stage.name), \(check): \(message)"
    }
}

/// The conformance suite of each kind of stage: shapes are as the protocol says, numbers are
/// finite, the same call gives the same bits.
///
/// A suite asks for as little work as it can, so that a host can run it whenever it loads a
/// stage. It compares a stage with its own words only; whether the numbers are right is for tests
/// against a reference.
public enum StageChecks {
    /// Runs the suite of the stage's kind.
    public static func run(_ stage: any Stage) throws(StageCheckError) {
        let check = StageCheck(type(of: stage).descriptor)
        switch stage {
        case let stage as any ImageEncoder: try check.imageEncoder(stage)
        case let stage as any LanguageModel: try check.languageModel(stage)
        case let stage as any FeatureMapper: try check.featureMapper(stage)
        case let stage as any UNet: try check.unet(stage)
        case let stage as any VAE: try check.vae(stage)
        case let stage as any Scheduler: try check.scheduler(stage)
        case let stage as any TextEncoder: try check.textEncoder(stage)
        default: try check.fail("kind", "conforms to no protocol of a stage")
        }
    }
}

/// What the suites share: one stage, and the ways in which it may fail.
struct StageCheck {
    let stage: StageDescriptor

    init(_ stage: StageDescriptor) { self.stage = stage }

    func fail(_ check: String, _ message: String) throws(StageCheckError) -> Never {
        throw StageCheckError(stage: stage, check: check, message: message)
    }

    func require(
        _ condition: Bool, _ check: String, _ message: @autoclosure () -> String
    ) throws(StageCheckError) {
        if !condition { try fail(check, message()) }
    }

    func requirePositive(_ name: String, _ value: Int) throws(StageCheckError) {
        try require(value > 0, name, "\(value); it must be positive")
    }

    /// - Returns: the result of the first of two calls, which must agree to the bit.
    func repeatable(
        _ check: String, _ shape: Shape, _ call: () throws -> Tensor
    ) throws(StageCheckError) -> Tensor {
        let first: Tensor
        let second: Tensor
        do {
            first = try call()
            second = try call()
        } catch {
            try fail(check, "\(error)")
        }
        try requireShape(first, shape, check)
        try requireFinite(first, check)
        try require(second.values == first.values, check, "the same call gave other numbers")
        return first
    }

    func requireShape(
        _ tensor: Tensor, _ shape: Shape, _ check: String
    ) throws(StageCheckError) {
        try require(tensor.shape == shape, check, "shape \(tensor.shape), expected \(shape)")
    }

    func requireFinite(_ tensor: Tensor, _ check: String) throws(StageCheckError) {
        let values = tensor.values
        let place = values.firstIndex { !$0.isFinite } ?? 0
        try require(
            values.allSatisfy(\.isFinite), check, "element \(place) is \(values[place])")
    }

    /// For calls that do the same arithmetic in another order.
    func requireClose(
        _ tensor: Tensor, _ expected: Tensor, _ check: String
    ) throws(StageCheckError) {
        let (a, b) = (tensor.values, expected.values)
        let largest = b.reduce(0) { max($0, abs($1)) }
        let difference = zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
        try require(
            difference <= 1e-3 * largest, check,
            "off by \(difference) where the largest element is \(largest)")
    }

    /// Numbers without a pattern that a stage could mistake for structure: within plus and minus
    /// 1, of mean about 0.
    func input(_ shape: Shape) -> Tensor {
        Tensor(shape) { (span: inout MutableSpan<Float>) in
            var state: UInt32 = 1
            for index in span.indices {
                // A linear congruential generator (Knuth); its high bits are good enough.
                state = state &* 1_664_525 &+ 1_013_904_223
                span[index] = Float(Int32(bitPattern: state)) / 2_147_483_648
            }
        }
    }
}
