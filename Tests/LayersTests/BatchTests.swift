import Layers
import Tensors
import TestSupport
import Testing

/// A sample's bytes are the same alone and in a batch, through every layer.
@Suite(.serialized)
struct BatchTests {
    /// Parameters of any name and shape, in 16-bit floats.
    private let p = Parameters(Noise(.f16))

    private func expectIndependentSamples(
        _ inputs: Tensor..., sourceLocation: SourceLocation = #_sourceLocation,
        _ layer: ([Tensor]) -> Tensor
    ) {
        for threads in [1, 2] {
            ThreadPool.configure(threads: threads)
            let together = layer(inputs)
            for part in [0..<1, 1..<2, 2..<3, 3..<4, 4..<5, 0..<2, 2..<5, 1..<5] {
                let some = layer(inputs.map { $0.slice(axis: 0, part) })
                #expect(
                    bits(some) == bits(together.slice(axis: 0, part)), "samples \(part)",
                    sourceLocation: sourceLocation)
            }
        }
    }

    private func bits(_ x: Tensor) -> [UInt32] { x.values.map(\.bitPattern) }

    @Test(arguments: WeightType.allCases)
    func linearMaps(type: WeightType) throws {
        let p = Parameters(Noise(type))
        let plain = try Linear(p["a"], 37, 19)
        let corrected = LowRankLinear(
            plain, down: try p.matrix("down", [3, 37]), up: try p.matrix("up", [19, 3]), scale: 0.7)
        for places in [1, 2, 3, 9] {
            expectIndependentSamples(noise([5, places, 37])) { plain($0[0]) }
            expectIndependentSamples(noise([5, places, 37])) { corrected($0[0]) }
        }
    }

    @Test(arguments: WeightType.allCases)
    func convolutions(type: WeightType) throws {
        let p = Parameters(Noise(type))
        for (inputs, outputs, kernel, stride) in [(5, 6, 3, 1), (8, 19, 3, 2), (16, 3, 1, 1)] {
            let layer = try Conv2d(
                p["conv"], inputs, outputs, kernel: kernel, stride: stride, padding: kernel / 2)
            expectIndependentSamples(noise([5, 7, 6, inputs])) { layer($0[0]) }
        }
    }

    @Test func norms() throws {
        let layerNorm = try LayerNorm(p["a"], 12, epsilon: 1e-5)
        let rmsNorm = try RMSNorm(p["a"], 12, epsilon: 1e-5)
        let groupNorm = try GroupNorm(p["a"], groups: 3, channels: 12, epsilon: 1e-6)
        let x = noise([5, 7, 3, 12])
        expectIndependentSamples(x) { layerNorm($0[0]) }
        expectIndependentSamples(x) { rmsNorm($0[0]) }
        expectIndependentSamples(x) { groupNorm($0[0]) }
    }

    @Test func attentionOverOneselfAndOverAContext() throws {
        let layer = MultiHeadAttention(
            query: try Linear(p["q"], 20, 24), key: try Linear(p["k"], 20, 24),
            value: try Linear(p["v"], 20, 24), output: try Linear(p["o"], 24, 20), heads: 4)
        for tokens in [1, 2, 13] {
            let x = noise([5, tokens, 20])
            expectIndependentSamples(x) { layer($0[0], causal: true) }
            expectIndependentSamples(x, noise([5, 9, 20])) { layer($0[0], over: $0[1]) }
        }
    }

    @Test func resnetBlocks() throws {
        let layer = try ResnetBlock(
            p["resnet"], from: 8, to: 12, timeChannels: 10, groups: 2, epsilon: 1e-5)
        for side in [1, 2, 5] {
            expectIndependentSamples(noise([5, side, side, 8]), noise([5, 10])) {
                layer($0[0], time: $0[1])
            }
        }
    }

    @Test func embeddings() throws {
        let layer = try Embedding(p["table"], 11, 6)
        let ids = [3, 0, 10, 3, 7]
        #expect(bits(layer(ids)) == ids.flatMap { bits(layer([$0])) })
    }
}

func noise(_ shape: Shape) -> Tensor {
    var generator = TorchGenerator(seed: UInt64(shape.count))
    return generator.normal(shape)
}

/// Makes up every parameter that is asked for.
final class Noise: ParameterStore {
    private let type: WeightType

    init(_ type: WeightType) { self.type = type }

    func parameter(
        named name: String, shape: Shape, for use: ParameterUse
    ) -> StoredParameter? {
        StoredParameter(Weight(noise(shape).scaled(by: 0.2)), for: use, as: type)
    }

    func contains(_ name: String) -> Bool { true }
}
