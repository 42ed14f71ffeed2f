import Layers
import Tensors

/// BLIP-2's querying transformer (Li et al., 2023, §3.1): learned queries that gather from a
/// picture what a language model needs. The text half of the published model is not used.
///
/// A post-norm BERT; names follow LAVIS, `Qformer.bert.…`.
struct QFormer: Sendable {
    let queries: Tensor  // [1, Q, C]
    let norm: LayerNorm
    let layers: [QFormerLayer]

    /// - Parameters:
    ///   - p: the root of the checkpoint, where the queries lie.
    ///   - pictureWidth: of the vision transformer.
    init(
        _ p: Parameters, _ c: QFormerConfiguration, pictureWidth: Int
    ) throws(ParameterError) {
        let bert = p["Qformer"]["bert"]
        queries = try p.tensor("query_tokens", [1, c.queries, c.width])
        norm = try LayerNorm(bert["embeddings"]["LayerNorm"], c.width, epsilon: c.epsilon)
        var layers: [QFormerLayer] = []
        for index in 0..<c.layers {
            let seesPicture = index.isMultiple(of: c.crossAttentionFrequency)
            layers.append(
                try QFormerLayer(
                    bert["encoder"]["layer"][index], c,
                    pictureWidth: seesPicture ? pictureWidth : nil))
        }
        self.layers = layers
    }

    /// - Parameter picture: `[B, N, D]`, the picture's token states.
    /// - Returns: `[B, Q, C]`.
    func callAsFunction(_ picture: Tensor) -> Tensor {
        // Neither word nor position embeddings: the queries are told apart by their values.
        var x = norm(queries).repeated(picture.shape[0])
        for layer in layers { x = layer(x, picture: picture) }
        return x
    }
}

struct QFormerLayer: Sendable {
    let selfAttention: PostNormAttention
    let crossAttention: PostNormAttention?
    let intermediate, output: Linear
    let norm: LayerNorm

    /// - Parameter pictureWidth: `nil` in a layer without cross-attention.
    init(
        _ p: Parameters, _ c: QFormerConfiguration, pictureWidth: Int?
    ) throws(ParameterError) {
        selfAttention = try PostNormAttention(p["attention"], c, contextWidth: c.width)
        if let pictureWidth {
            crossAttention = try PostNormAttention(
                p["crossattention"], c, contextWidth: pictureWidth)
        } else {
            crossAttention = nil
        }
        // The `_query` half of the published layer; the other is for text.
        intermediate = try Linear(p["intermediate_query"]["dense"], c.width, c.mlpHidden)
        output = try Linear(p["output_query"]["dense"], c.mlpHidden, c.width)
        norm = try LayerNorm(p["output_query"]["LayerNorm"], c.width, epsilon: c.epsilon)
    }

    /// `[B, Q, C]` over a picture `[B, N, D]`, to `[B, Q, C]`.
    func callAsFunction(_ x: Tensor, picture: Tensor) -> Tensor {
        var x = selfAttention(x, over: x)
        if let crossAttention { x = crossAttention(x, over: picture) }
        return norm(output(gelu(intermediate(x)), adding: x))
    }
}

/// BERT's attention: the sum with the input is normalised afterwards.
struct PostNormAttention: Sendable {
    let attention: MultiHeadAttention
    let norm: LayerNorm

    init(
        _ p: Parameters, _ c: QFormerConfiguration, contextWidth: Int
    ) throws(ParameterError) {
        attention = MultiHeadAttention(
            query: try Linear(p["self"]["query"], c.width, c.width),
            key: try Linear(p["self"]["key"], contextWidth, c.width),
            value: try Linear(p["self"]["value"], contextWidth, c.width),
            output: try Linear(p["output"]["dense"], c.width, c.width),
            heads: c.heads)
        norm = try LayerNorm(p["output"]["LayerNorm"], c.width, epsilon: c.epsilon)
    }

    /// `[B, Q, C]` over `[B, N, D]`, to `[B, Q, C]`.
    func callAsFunction(_ x: Tensor, over context: Tensor) -> Tensor {
        norm(attention(x, over: context, adding: x))
    }
}
