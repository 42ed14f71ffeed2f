import Layers
import Tensors

/// EVA-CLIP's vision transformer (Fang et al., 2022), as BLIP-2 uses it: the states of all tokens
/// after `depth` blocks, which leaves out the last of the published ones; no pooling, no final norm.
///
/// Names follow `eva_vit_g.pth`.
struct EvaVisionTransformer: Sendable {
    let patchEmbedding: Conv2d
    let classToken: Tensor  // [1, 1, C]
    let positions: Tensor  // [1, 1 + patches, C]
    let blocks: [EvaBlock]

    init(_ p: Parameters, _ c: EncoderConfiguration) throws(ParameterError) {
        patchEmbedding = try Conv2d(
            p["patch_embed"]["proj"], 3, c.width, kernel: c.patchSize, stride: c.patchSize)
        classToken = try p.tensor("cls_token", [1, 1, c.width])
        positions = try p.tensor("pos_embed", [1, 1 + c.patches, c.width])
        var blocks: [EvaBlock] = []
        for index in 0..<c.depth { blocks.append(try EvaBlock(p["blocks"][index], c)) }
        self.blocks = blocks
    }

    /// - Parameter pixels: `[B, S, S, 3]`, normalised.
    /// - Returns: `[B, 1 + patches, C]`, the class token first.
    func callAsFunction(_ pixels: Tensor) -> Tensor {
        let batch = pixels.shape[0]
        let patches = patchEmbedding(pixels)  // [B, S/P, S/P, C]
        let sequence = patches.reshaped([
            batch, patches.shape[1] * patches.shape[2], patches.shape[3],
        ])
        var x = concatenate([classToken.repeated(batch), sequence], axis: 1)
        x = x + positions.repeated(batch)
        for block in blocks { x = block(x) }
        return x
    }
}

/// A pre-norm transformer block.
struct EvaBlock: Sendable {
    let norm1, norm2: LayerNorm
    let attention: MultiHeadAttention
    let fc1, fc2: Linear

    init(_ p: Parameters, _ c: EncoderConfiguration) throws(ParameterError) {
        let width = c.width
        norm1 = try LayerNorm(p["norm1"], width, epsilon: c.epsilon)
        let parts = try p["attn"].matrices("qkv.weight", [3 * width, width], parts: 3)
        // Keys have no bias: one would shift all scores of a query alike, which softmax ignores.
        attention = MultiHeadAttention(
            query: Linear(parts[0], bias: try p["attn"].tensor("q_bias", [width])),
            key: Linear(parts[1], bias: nil),
            value: Linear(parts[2], bias: try p["attn"].tensor("v_bias", [width])),
            output: try Linear(p["attn"]["proj"], width, width),
            heads: c.heads)
        norm2 = try LayerNorm(p["norm2"], width, epsilon: c.epsilon)
        fc1 = try Linear(p["mlp"]["fc1"], width, c.mlpHidden)
        fc2 = try Linear(p["mlp"]["fc2"], c.mlpHidden, width)
    }

    /// `[B, N, C]` to `[B, N, C]`.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let x = attention(norm1(x), adding: x)
        return fc2(gelu(fc1(norm2(x))), adding: x)
    }
}
