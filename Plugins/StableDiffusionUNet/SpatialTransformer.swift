import Layers
import Tensors

/// Attention over the places of a feature map, and over the conditioning (Rombach et al., 2022,
/// §3.3). Names follow diffusers' `Transformer2DModel`.
struct SpatialTransformer: Sendable {
    let norm: GroupNorm
    let input, output: Linear
    let blocks: [TransformerBlock]
    /// Among all of the UNet, from 0.
    private let number: Int

    /// - Parameter count: of those made before.
    init(
        _ p: Parameters, _ level: UNetLevel, _ c: UNetConfiguration, _ count: inout Int
    ) throws(ParameterError) {
        number = count
        count += 1
        let channels = level.channels
        norm = try GroupNorm(p["norm"], groups: c.normGroups, channels: channels, epsilon: 1e-6)
        input = try Linear(p["proj_in"], channels, channels)
        var blocks: [TransformerBlock] = []
        for index in 0..<level.transformerLayers {
            blocks.append(
                try TransformerBlock(
                    p["transformer_blocks"][index], channels: channels, heads: level.heads,
                    contextWidth: c.conditioningWidth))
        }
        self.blocks = blocks
        output = try Linear(p["proj_out"], channels, channels)
    }

    /// `[B, H, W, C]` to `[B, H, W, C]`.
    func callAsFunction(_ x: Tensor, _ pass: UNetPass) -> Tensor {
        let shape = x.shape
        let merging = pass.merging.flatMap {
            shape[1] == $0.height && shape[2] == $0.width ? $0 : nil
        }
        var h = norm(x).reshaped([shape[0], shape[1] * shape[2], shape[3]])
        h = input(h)
        for (index, block) in blocks.enumerated() {
            h = block(
                h, over: pass.keysAndValues(transformer: number, block: index), merging: merging)
        }
        return output(h.reshaped(shape), adding: x)
    }
}

/// Self-attention, cross-attention and a gated perceptron, each pre-norm. Names follow diffusers'
/// `BasicTransformerBlock`.
struct TransformerBlock: Sendable {
    let norm1, norm2, norm3: LayerNorm
    let selfAttention, crossAttention: MultiHeadAttention
    let gated, output: Linear

    init(
        _ p: Parameters, channels: Int, heads: Int, contextWidth: Int
    ) throws(ParameterError) {
        norm1 = try LayerNorm(p["norm1"], channels, epsilon: 1e-5)
        selfAttention = try MultiHeadAttention(
            diffusers: p["attn1"], channels: channels, contextWidth: channels, heads: heads)
        norm2 = try LayerNorm(p["norm2"], channels, epsilon: 1e-5)
        crossAttention = try MultiHeadAttention(
            diffusers: p["attn2"], channels: channels, contextWidth: contextWidth, heads: heads)
        norm3 = try LayerNorm(p["norm3"], channels, epsilon: 1e-5)
        gated = try Linear(p["ff"]["net"][0]["proj"], channels, 8 * channels)
        output = try Linear(p["ff"]["net"][2], 4 * channels, channels)
    }

    /// `[B, N, C]` under a conditioning, to `[B, N, C]`.
    func callAsFunction(
        _ x: Tensor, over conditioning: KeysAndValues, merging: MergingPlan?
    ) -> Tensor {
        var x = attended(norm1(x), merging, adding: x)
        x = crossAttention(norm2(x), over: conditioning, adding: x)
        return output(geglu(gated(norm3(x))), adding: x)
    }

    private func attended(
        _ x: Tensor, _ merging: MergingPlan?, adding residual: Tensor
    ) -> Tensor {
        guard let matching = merging?.matching(x) else {
            return selfAttention(x, adding: residual)
        }
        let merged = matching.enumerated().map { sample, matching in
            matching.merge(x.slice(axis: 0, sample..<sample + 1))
        }
        let attended = selfAttention(concatenate(merged, axis: 0))
        let whole = matching.enumerated().map { sample, matching in
            matching.unmerge(attended.slice(axis: 0, sample..<sample + 1))
        }
        return residual + concatenate(whole, axis: 0)
    }
}

extension MultiHeadAttention {
    /// diffusers' `Attention` in a UNet: a bias at the output alone.
    init(
        diffusers p: Parameters, channels: Int, contextWidth: Int, heads: Int
    ) throws(ParameterError) {
        self.init(
            query: try Linear(p["to_q"], channels, channels, bias: false),
            key: try Linear(p["to_k"], contextWidth, channels, bias: false),
            value: try Linear(p["to_v"], contextWidth, channels, bias: false),
            output: try Linear(p["to_out"][0], channels, channels), heads: heads)
    }
}
