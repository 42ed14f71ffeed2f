public import Tensors

/// Multi-head attention of `x` over a context (Vaswani et al., 2017, §3.2.2).
///
/// Every model names its four projections in its own way, fuses some of them and gives a bias to
/// others: so they are handed over ready made.
public struct MultiHeadAttention: Sendable {
    let query, key, value, output: Linear
    let heads: Int

    /// - Precondition: `heads` divides the width of the queries.
    public init(query: Linear, key: Linear, value: Linear, output: Linear, heads: Int) {
        self.query = query
        self.key = key
        self.value = value
        self.output = output
        self.heads = heads
    }

    /// - Parameters:
    ///   - x: `[B, N, C]`.
    ///   - context: `[B, M, D]`; without one, `x` attends over itself.
    ///   - causal: whether position `i` sees only positions up to `i`.
    ///   - residual: `[B, N, C]`, to which the result is added.
    /// - Returns: `[B, N, C]`.
    public func callAsFunction(
        _ x: Tensor, over context: Tensor? = nil, causal: Bool = false,
        adding residual: Tensor? = nil
    ) -> Tensor {
        callAsFunction(
            x, over: keysAndValues(of: context ?? x), causal: causal, adding: residual)
    }

    /// What attention over a context needs of it: for callers that use a context several times.
    /// - Parameter context: `[B, M, D]`.
    public func keysAndValues(of context: Tensor) -> KeysAndValues {
        KeysAndValues(keys: key(context), values: value(context))
    }

    /// - Parameters:
    ///   - x: `[B, N, C]`.
    ///   - residual: `[B, N, C]`, to which the result is added.
    /// - Returns: `[B, N, C]`.
    public func callAsFunction(
        _ x: Tensor, over context: KeysAndValues, causal: Bool = false,
        adding residual: Tensor? = nil
    ) -> Tensor {
        output(
            attention(
                query: query(x), key: context.keys, value: context.values, heads: heads,
                causalOffset: causal ? 0 : nil, arithmetic: query.arithmetic),
            adding: residual)
    }
}

/// A context as an attention layer sees it.
public struct KeysAndValues: Sendable {
    /// `[B, M, C]`.
    public let keys, values: Tensor

    public init(keys: Tensor, values: Tensor) {
        self.keys = keys
        self.values = values
    }

    /// Several contexts of the same length as one batch.
    public init(batching parts: [KeysAndValues]) {
        keys = concatenate(parts.map(\.keys), axis: 0)
        values = concatenate(parts.map(\.values), axis: 0)
    }

    /// In memory that outlives the call which made them.
    public func kept() -> KeysAndValues { KeysAndValues(keys: keys.kept(), values: values.kept()) }
}
