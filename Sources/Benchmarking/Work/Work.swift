/// What one call of a stage has to do, counted from the model's sizes: the products and sums of
/// matrices, convolutions and attention, and the weights that take part. Everything else (norms,
/// activations, softmax) is a few in a hundred of it, and is left out.
public struct Work: Sendable, Equatable {
    /// Floating-point operations, two for each multiply-add, as the definition has them: a faster
    /// algorithm for the same result does not lower the count.
    public var convolution = 0.0
    public var linear = 0.0
    public var attention = 0.0
    /// Numbers in the matrices and kernels, each read at least once.
    public var weights = 0.0
    /// 32-bit floats of cached keys and values.
    public var cached = 0.0

    public init() {}

    public var operations: Double { convolution + linear + attention }

    public static func + (a: Work, b: Work) -> Work {
        var sum = a
        sum.convolution += b.convolution
        sum.linear += b.linear
        sum.attention += b.attention
        sum.weights += b.weights
        sum.cached += b.cached
        return sum
    }

    /// So many calls.
    public static func * (count: Int, work: Work) -> Work {
        var product = work
        product.convolution *= Double(count)
        product.linear *= Double(count)
        product.attention *= Double(count)
        product.weights *= Double(count)
        product.cached *= Double(count)
        return product
    }

    /// `y = W x` for so many rows `x`.
    mutating func addLinear(rows: Int, _ inputs: Int, _ outputs: Int) {
        linear += 2 * Double(rows) * Double(inputs) * Double(outputs)
        weights += Double(inputs) * Double(outputs)
    }

    /// A convolution with so many places of output, over the whole batch.
    mutating func addConvolution(places: Int, _ inputs: Int, _ outputs: Int, kernel: Int) {
        let taps = Double(inputs) * Double(outputs) * Double(kernel * kernel)
        convolution += 2 * Double(places) * taps
        weights += taps
    }

    /// Scores and weighted sums of all heads together.
    /// - Parameter keys: that one query sees.
    mutating func addAttention(batch: Int, queries: Int, keys: Double, width: Int) {
        attention += 4 * Double(batch) * Double(queries) * keys * Double(width)
    }
}
