import Layers
import Tensors

/// An encoder-decoder transformer (Vaswani et al., 2017) with pre-norm layers, no positions and no
/// masks: PyTorch's `nn.Transformer(norm_first=True)`, whose names it has.
struct EncoderDecoder: Sendable {
    let encoder: [EncoderLayer]
    let encoderNorm: LayerNorm
    let decoder: [DecoderLayer]
    let decoderNorm: LayerNorm

    init(_ p: Parameters, _ c: MapperConfiguration) throws(ParameterError) {
        var encoder: [EncoderLayer] = []
        for index in 0..<c.encoderLayers {
            encoder.append(try EncoderLayer(p["encoder"]["layers"][index], c))
        }
        self.encoder = encoder
        encoderNorm = try LayerNorm(p["encoder"]["norm"], c.width, epsilon: c.epsilon)
        var decoder: [DecoderLayer] = []
        for index in 0..<c.decoderLayers {
            decoder.append(try DecoderLayer(p["decoder"]["layers"][index], c))
        }
        self.decoder = decoder
        decoderNorm = try LayerNorm(p["decoder"]["norm"], c.width, epsilon: c.epsilon)
    }

    /// - Parameters:
    ///   - source: `[B, N, C]`.
    ///   - target: `[B, L, C]`.
    /// - Returns: `[B, L, C]`.
    func callAsFunction(_ source: Tensor, _ target: Tensor) -> Tensor {
        var memory = source
        for layer in encoder { memory = layer(memory) }
        memory = encoderNorm(memory)
        var x = target
        for layer in decoder { x = layer(x, memory: memory) }
        return decoderNorm(x)
    }
}

struct EncoderLayer: Sendable {
    let norm1, norm2: LayerNorm
    let selfAttention: MultiHeadAttention
    let feedForward: FeedForward

    init(_ p: Parameters, _ c: MapperConfiguration) throws(ParameterError) {
        norm1 = try LayerNorm(p["norm1"], c.width, epsilon: c.epsilon)
        selfAttention = try MultiHeadAttention(torch: p["self_attn"], c)
        norm2 = try LayerNorm(p["norm2"], c.width, epsilon: c.epsilon)
        feedForward = try FeedForward(p, c)
    }

    /// `[B, N, C]` to `[B, N, C]`.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let x = x + selfAttention(norm1(x))
        return x + feedForward(norm2(x))
    }
}

struct DecoderLayer: Sendable {
    let norm1, norm2, norm3: LayerNorm
    let selfAttention, crossAttention: MultiHeadAttention
    let feedForward: FeedForward

    init(_ p: Parameters, _ c: MapperConfiguration) throws(ParameterError) {
        norm1 = try LayerNorm(p["norm1"], c.width, epsilon: c.epsilon)
        selfAttention = try MultiHeadAttention(torch: p["self_attn"], c)
        norm2 = try LayerNorm(p["norm2"], c.width, epsilon: c.epsilon)
        crossAttention = try MultiHeadAttention(torch: p["multihead_attn"], c)
        norm3 = try LayerNorm(p["norm3"], c.width, epsilon: c.epsilon)
        feedForward = try FeedForward(p, c)
    }

    /// `[B, L, C]` over a memory `[B, N, C]`, to `[B, L, C]`.
    func callAsFunction(_ x: Tensor, memory: Tensor) -> Tensor {
        var x = x + selfAttention(norm1(x))
        x = x + crossAttention(norm2(x), over: memory)
        return x + feedForward(norm3(x))
    }
}

struct FeedForward: Sendable {
    let linear1, linear2: Linear

    init(_ p: Parameters, _ c: MapperConfiguration) throws(ParameterError) {
        linear1 = try Linear(p["linear1"], c.width, c.feedForward)
        linear2 = try Linear(p["linear2"], c.feedForward, c.width)
    }

    /// `[B, N, C]` to `[B, N, C]`.
    func callAsFunction(_ x: Tensor) -> Tensor { linear2(relu(linear1(x))) }
}

extension MultiHeadAttention {
    /// `nn.MultiheadAttention`: one matrix whose rows are those of query, key and value in turn.
    init(torch p: Parameters, _ c: MapperConfiguration) throws(ParameterError) {
        let width = c.width
        let parts = try p.matrices("in_proj_weight", [3 * width, width], parts: 3)
        let bias = try p.tensor("in_proj_bias", [3 * width])
        func part(_ index: Int) -> Linear {
            Linear(
                parts[index], bias: bias.slice(axis: 0, index * width..<(index + 1) * width))
        }
        self.init(
            query: part(0), key: part(1), value: part(2),
            output: try Linear(p["out_proj"], width, width), heads: c.heads)
    }
}
