public import Tensors
public import Testing

/// Compares two tensors element by element.
///
/// - Parameter relative: the greatest difference allowed, as a share of the largest magnitude in
///   `expected`. An error relative to each element would ask for digits that cancellation has
///   already destroyed in any order of summation.
///
/// A failure reports the shape, how many elements are off and the worst of them with its index.
public func expectClose(
    _ actual: Tensor, _ expected: Tensor, relative: Float = 1e-5,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.shape == expected.shape else {
        Issue.record(
            "shape \(actual.shape), expected \(expected.shape)", sourceLocation: sourceLocation)
        return
    }
    expectClose(
        actual.values, expected.values, relative: relative, shape: actual.shape,
        sourceLocation: sourceLocation)
}

/// Compares two rows of numbers; see ``expectClose(_:_:relative:sourceLocation:)``.
public func expectClose(
    _ actual: [Float], _ expected: [Float], relative: Float = 1e-5, shape: Shape? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.count == expected.count else {
        Issue.record(
            "\(actual.count) elements, expected \(expected.count)", sourceLocation: sourceLocation)
        return
    }
    let largest = expected.reduce(0) { max($0, abs($1)) }
    let tolerance = relative * largest
    var worst = 0
    var worstError: Float = -1
    var failures = 0
    for index in actual.indices {
        // Two infinities of one sign agree; a NaN agrees with nothing.
        let error =
            actual[index] == expected[index] ? 0 : abs(actual[index] - expected[index])
        if !(error <= tolerance) { failures += 1 }
        if error.isNaN || error > worstError {
            worst = index
            worstError = error
            if error.isNaN { break }
        }
    }
    guard failures > 0 else { return }
    let place = shape.map { position(of: worst, in: $0) } ?? "\(worst)"
    Issue.record(
        """
        \(failures) of \(actual.count) elements are off by more than \(relative) of \(largest); \
        the worst is at [\(place)]: \(actual[worst]), expected \(expected[worst]), \
        off by \(worstError / largest)
        """, sourceLocation: sourceLocation)
}

/// The index along each axis of an element in row-major order.
private func position(of index: Int, in shape: Shape) -> String {
    var rest = index
    var place: [Int] = []
    for extent in shape.array.reversed() {
        place.insert(rest % extent, at: 0)
        rest /= extent
    }
    return place.map(String.init).joined(separator: ", ")
}
