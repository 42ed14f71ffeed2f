extension Tensor {
    /// The sum, element by element.
    ///
    /// - Parameters:
    ///   - a: `[..., C]`.
    ///   - b: of the same shape, or `[C]`, which is then added to every row.
    public static func + (a: consuming Tensor, b: consuming Tensor) -> Tensor {
        unsafe combine(a, b, "+") { a, b, y, count in
            for index in 0..<count { unsafe y[index] = a[index] + b[index] }
        }
    }

    /// The difference, element by element; shapes as in ``+(_:_:)``.
    public static func - (a: consuming Tensor, b: consuming Tensor) -> Tensor {
        unsafe combine(a, b, "-") { a, b, y, count in
            for index in 0..<count { unsafe y[index] = a[index] - b[index] }
        }
    }

    /// Every element times a number.
    public consuming func scaled(by factor: Float) -> Tensor {
        let count = count
        return unsafe mapped { x, y in
            forEachRun(of: count) { run in
                for index in run { unsafe y[index] = x[index] * factor }
            }
        }
    }
}

/// Calls `kernel` with runs of three arrays of equal length, of which the last may be one of the
/// others.
private func combine(
    _ a: consuming Tensor, _ b: consuming Tensor, _ name: String,
    _ kernel: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
) -> Tensor {
    let (count, width) = (a.count, b.count)
    let isRow = b.shape.rank == 1 && a.shape.rank > 1 && b.shape[0] == a.shape[-1]
    precondition(isRow || a.shape == b.shape, "\(name): \(a.shape) and \(b.shape)")
    func combineRuns(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
    ) {
        forEachRun(of: count) { run in
            let start = run.lowerBound
            unsafe kernel(a + start, b + start, y + start, run.count)
        }
    }
    guard !isRow else {
        return unsafe a.mapped { a, y in
            unsafe b.withElements { b in
                forEachRun(of: count / max(width, 1), width: width) { rows in
                    for row in rows {
                        unsafe kernel(a + row * width, b, y + row * width, width)
                    }
                }
            }
        }
    }
    if b.isUnshared {
        return unsafe b.mapped { b, y in unsafe a.withElements { unsafe combineRuns($0, b, y) } }
    }
    return unsafe a.mapped { a, y in unsafe b.withElements { unsafe combineRuns(a, $0, y) } }
}

/// Adds a row of numbers to every place of a sample: a timestep's embedding to a feature map.
///
/// - Parameters:
///   - x: `[B, H, W, C]`, or any shape from `[B, C]` on.
///   - y: `[B, C]`.
/// - Returns: the shape of `x`.
public func addPerSample(_ x: consuming Tensor, _ y: Tensor) -> Tensor {
    let channels = x.shape[-1]
    precondition(
        x.shape.rank >= 2 && y.shape == [x.shape[0], channels],
        "addPerSample: x \(x.shape), y \(y.shape)")
    let rows = x.count / max(channels, 1)
    let places = max(rows / max(x.shape[0], 1), 1)
    return unsafe x.mapped { x, sum in
        unsafe y.withElements { y in
            forEachRun(of: rows, width: channels) { rows in
                for row in rows {
                    let start = row * channels
                    let sample = row / places * channels
                    for channel in 0..<channels {
                        unsafe sum[start + channel] = x[start + channel] + y[sample + channel]
                    }
                }
            }
        }
    }
}

/// `Σ factor · tensor`, summed in double precision in the order given and rounded once.
///
/// - Parameter terms: at least one; tensors of equal shapes.
public func linearCombination(_ terms: [(Double, Tensor)]) -> Tensor {
    guard let (_, first) = terms.first else {
        preconditionFailure("linearCombination of nothing")
    }
    for (_, tensor) in terms {
        precondition(
            tensor.shape == first.shape, "linearCombination: \(first.shape) and \(tensor.shape)")
    }
    return unsafe Tensor(uninitialized: first.shape) { y in
        forEachRun(of: first.count) { run in
            for start in stride(from: run.lowerBound, to: run.upperBound, by: blockLength) {
                let block = start..<min(start + blockLength, run.upperBound)
                unsafe combine(terms, block, into: y)
            }
        }
    }
}

/// Sums that are kept in double precision at a time.
private let blockLength = 512

private func combine(
    _ terms: [(Double, Tensor)], _ block: Range<Int>, into y: UnsafeMutablePointer<Float>
) {
    unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: block.count) { sums in
        unsafe sums.initialize(repeating: 0)
        for (factor, tensor) in terms {
            unsafe tensor.withElements { x in
                for index in 0..<block.count {
                    unsafe sums[index] += factor * Double(x[block.lowerBound + index])
                }
            }
        }
        for index in 0..<block.count {
            unsafe y[block.lowerBound + index] = Float(sums[index])
        }
    }
}
