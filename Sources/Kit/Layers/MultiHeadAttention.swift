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
    /// - Returns: `[B, N, C]`.
    public func callAsFunction(
        _ x: Tensor, over context: Tensor? = nil, causal: Bool = false
    ) -> Tensor {
        let context = context ?? x
        return output(
            attention(
                query: query(x), key: key(context), value: value(context), heads: heads,
                causalOffset: causal ? 0 : nil, arithmetic: query.arithmetic))
    }
}
