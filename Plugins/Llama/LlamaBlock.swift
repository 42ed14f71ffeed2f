import Layers
import Tensors

/// A pre-norm decoder block (Touvron et al., 2023, §2.2). Names follow transformers.
struct LlamaBlock: Sendable {
    let inputNorm, postAttentionNorm: RMSNorm
    let attention: LlamaAttention
    let feedForward: LlamaFeedForward

    init(_ p: LlamaParameters, _ layer: Int, _ c: LlamaConfiguration) throws(ParameterError) {
        let block = p.base["model"]["layers"][layer]
        inputNorm = try RMSNorm(block["input_layernorm"], c.width, epsilon: c.epsilon)
        attention = try LlamaAttention(p, "model.layers.\(layer).self_attn", c)
        postAttentionNorm = try RMSNorm(
            block["post_attention_layernorm"], c.width, epsilon: c.epsilon)
        feedForward = try LlamaFeedForward(p, "model.layers.\(layer).mlp", c)
    }

    /// `[1, T, D]`, the rows of all sequences, each after the positions in its cache, to
    /// `[1, T, D]`.
    func callAsFunction(_ x: Tensor, _ sequences: [CachedRows]) -> Tensor {
        let x = x + attention(inputNorm(x), sequences)
        return x + feedForward(postAttentionNorm(x))
    }
}

/// The rows of one sequence among those of several, and what the sequence has in a layer.
struct CachedRows {
    let rows: Range<Int>
    /// Of the rows' positions.
    let angles: RotaryAngles
    let cache: KeyValueCache
}

/// Causal self-attention with rotary positions (Su et al., 2021) in the rotate-half layout, whose
/// query heads may share heads of keys and values in groups (Ainslie et al., 2023).
struct LlamaAttention: Sendable {
    let query, key, value, output: LowRankLinear
    let heads, keyValueHeads, headWidth: Int

    init(_ p: LlamaParameters, _ path: String, _ c: LlamaConfiguration) throws(ParameterError) {
        let (queries, keys) = (c.heads * c.headWidth, c.keyValueHeads * c.headWidth)
        query = try p.projection(path, "q_proj", c.width, queries)
        key = try p.projection(path, "k_proj", c.width, keys)
        value = try p.projection(path, "v_proj", c.width, keys)
        output = try p.projection(path, "o_proj", queries, c.width)
        heads = c.heads
        keyValueHeads = c.keyValueHeads
        headWidth = c.headWidth
    }

    /// `[1, T, D]` to `[1, T, D]`. Projections take the rows of all sequences at once, attention
    /// those of one after the other.
    func callAsFunction(_ x: Tensor, _ sequences: [CachedRows]) -> Tensor {
        let projected = LowRankLinear.project(x, by: [query, key, value])
        let (q, k, v) = (projected[0], projected[1], projected[2])
        guard sequences.count > 1 else { return output(attend(q, k, v, sequences[0])) }
        let parts = sequences.map { sequence in
            func part(_ all: Tensor) -> Tensor { all.slice(axis: 1, sequence.rows) }
            return attend(part(q), part(k), part(v), sequence)
        }
        return output(concatenate(parts, axis: 1))
    }

    private func attend(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, _ sequence: CachedRows
    ) -> Tensor {
        let cache = sequence.cache
        let first = cache.count
        let q = rotary(q, heads: heads, sequence.angles)
        let k = rotary(k, heads: keyValueHeads, sequence.angles)
        cache.append(keys: k, values: v)
        return grouped(q, keys: cache.keys, values: cache.values, first: first)
    }

    /// Attention of query head `h` over head `h / g` of keys and values.
    ///
    /// The heads of one rank within their groups, g apart, form a query with as many heads as the
    /// keys have: so the keys are read in place, once for each rank, and never repeated.
    private func grouped(_ q: Tensor, keys: Tensor, values: Tensor, first: Int) -> Tensor {
        let group = heads / keyValueHeads
        guard group > 1 else {
            return attention(
                query: q, key: keys, value: values, heads: heads, causalOffset: first)
        }
        let count = q.shape[1]
        let split = q.reshaped([count, keyValueHeads, group, headWidth])
        let outputs = (0..<group).map { rank in
            attention(
                query: split.slice(axis: 2, rank..<rank + 1)
                    .reshaped([1, count, keyValueHeads * headWidth]),
                key: keys, value: values, heads: keyValueHeads, causalOffset: first
            ).reshaped([count, keyValueHeads, 1, headWidth])
        }
        return concatenate(outputs, axis: 2).reshaped(q.shape)
    }
}

/// The gated perceptron (Shazeer, 2020).
struct LlamaFeedForward: Sendable {
    let gate, up, down: LowRankLinear

    init(_ p: LlamaParameters, _ path: String, _ c: LlamaConfiguration) throws(ParameterError) {
        gate = try p.projection(path, "gate_proj", c.width, c.feedForward)
        up = try p.projection(path, "up_proj", c.width, c.feedForward)
        down = try p.projection(path, "down_proj", c.feedForward, c.width)
    }

    /// `[1, T, D]` to `[1, T, D]`.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let projected = LowRankLinear.project(x, by: [gate, up])
        return down(swiglu(projected[0], projected[1]))
    }
}
