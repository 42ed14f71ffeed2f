import Testing

@testable import Tensors

/// Bit patterns: equal where the numbers are, and zeros have one sign.
func bits(_ x: Tensor) -> [UInt32] { x.values.map(\.bitPattern) }

/// Expects that samples get the same bytes together, in parts and alone.
///
/// - Parameters:
///   - inputs: of equal first extents, which count the samples.
///   - operation: on some of the samples of each input.
func expectIndependentSamples(
    _ inputs: Tensor..., comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ operation: ([Tensor]) -> Tensor
) {
    let count = inputs[0].shape[0]
    let together = operation(inputs)
    let middle = count / 3
    let parts =
        (0..<count).map { $0..<$0 + 1 } + [0..<middle, middle..<count].filter { $0.count > 1 }
    for part in parts {
        let some = operation(inputs.map { $0.slice(axis: 0, part) })
        #expect(
            bits(some) == bits(together.slice(axis: 0, part)), comment,
            sourceLocation: sourceLocation)
    }
}
