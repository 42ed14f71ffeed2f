import Layers
import Tensors

/// A pre-norm transformer block with causal attention. Names follow transformers.
struct ClipTextBlock: Sendable {
    let norm1, norm2: LayerNorm
    let attention: MultiHeadAttention
    let fc1, fc2: Linear
    let activation: ClipTextConfiguration.Activation

    init(_ p: Parameters, _ c: ClipTextConfiguration) throws(ParameterError) {
        let attention = p["self_attn"]
        norm1 = try LayerNorm(p["layer_norm1"], c.width, epsilon: c.epsilon)
        self.attention = MultiHeadAttention(
            query: try Linear(attention["q_proj"], c.width, c.width),
            key: try Linear(attention["k_proj"], c.width, c.width),
            value: try Linear(attention["v_proj"], c.width, c.width),
            output: try Linear(attention["out_proj"], c.width, c.width), heads: c.heads)
        norm2 = try LayerNorm(p["layer_norm2"], c.width, epsilon: c.epsilon)
        fc1 = try Linear(p["mlp"]["fc1"], c.width, c.mlpHidden)
        fc2 = try Linear(p["mlp"]["fc2"], c.mlpHidden, c.width)
        activation = c.activation
    }

    /// `[B, L, C]` to `[B, L, C]`.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let x = attention(norm1(x), causal: true, adding: x)
        return fc2(activation(fc1(norm2(x))), adding: x)
    }
}

extension ClipTextConfiguration.Activation {
    func callAsFunction(_ x: Tensor) -> Tensor {
        switch self {
        case .gelu: Tensors.gelu(x)
        // x · σ(1.702 x)
        case .quickGELU: silu(x.scaled(by: 1.702)).scaled(by: 1 / 1.702)
        }
    }
}
