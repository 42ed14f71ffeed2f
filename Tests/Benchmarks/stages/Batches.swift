import Checkpoints
import Foundation
import PluginHost
import Stages
import Tensors

/// What a sample of a batch takes beside what it takes alone.
struct Batches {
    let name: String
    /// Makes what the calls need, and a call with a batch of so many.
    let prepare: () throws -> (Int) -> Void

    static let sizes = [1, 2, 4, 8, 16]

    static func unet(
        _ name: String, side: Int, _ load: @escaping () throws -> any UNet
    ) -> Batches {
        Batches(name: name) {
            let unet = try load()
            return predictions(unet, side: side)
        }
    }

    private static func predictions(_ unet: any UNet, side: Int) -> (Int) -> Void {
        var generator = TorchGenerator(seed: 1)
        let most = sizes.max() ?? 1
        let latents = generator.normal([most, side, side, unet.latentChannels])
        let conditioning = generator.normal([most, 77, unet.conditioningWidth])
        return { count in
            _ = unet.predict(
                latents.slice(axis: 0, 0..<count),
                timesteps: (0..<count).map { Float(999 - 60 * $0) },
                conditioning: conditioning.slice(axis: 0, 0..<count))
        }
    }

    /// One token of several sequences of 300 positions: the projections of all together, attention
    /// for each sequence.
    static func decoding(
        _ name: String, width: Int, feedForward: Int, heads: Int, layers: Int, vocabulary: Int,
        _ format: WeightFormat
    ) -> Batches {
        Batches(name: name) {
            tokens(
                width: width, feedForward: feedForward, heads: heads, layers: layers,
                vocabulary: vocabulary, format)
        }
    }

    private static func tokens(
        width: Int, feedForward: Int, heads: Int, layers: Int, vocabulary: Int,
        _ format: WeightFormat
    ) -> (Int) -> Void {
        var generator = TorchGenerator(seed: 1)
        func weight(_ rows: Int, _ columns: Int) -> Weight {
            Weight(generator.normal([rows, columns]).scaled(by: 0.05), format: format)
        }
        let blocks = (0..<layers).map { _ in
            (
                projections: (0..<4).map { _ in weight(width, width) },
                gate: weight(feedForward, width), up: weight(feedForward, width),
                down: weight(width, feedForward)
            )
        }
        let head = weight(vocabulary, width)
        let scale = Tensor([width], repeating: 1)
        let cached = generator.normal([1, 300, width])
        let tokens = generator.normal([sizes.max() ?? 1, width])
        return { count in
            var x = tokens.slice(axis: 0, 0..<count)
            for block in blocks {
                let h = rmsNorm(x, weight: scale, epsilon: 1e-6)
                let (q, k) = (linear(h, block.projections[0]), linear(h, block.projections[1]))
                _ = linear(h, block.projections[2])
                let outputs = (0..<count).map { row in
                    let one = q.slice(axis: 0, row..<row + 1).reshaped([1, 1, width])
                    let key = k.slice(axis: 0, row..<row + 1).reshaped([1, 1, width])
                    _ = rotary(key, heads: heads, firstPosition: 299, base: 10_000)
                    return attention(
                        query: rotary(one, heads: heads, firstPosition: 299, base: 10_000),
                        key: cached, value: cached, heads: heads, causalOffset: 299)
                }
                let attended = concatenate(outputs, axis: 0).reshaped([count, width])
                x = x + linear(attended, block.projections[3])
                let g = rmsNorm(x, weight: scale, epsilon: 1e-6)
                x = x + linear(swiglu(linear(g, block.gate), linear(g, block.up)), block.down)
            }
            _ = linear(rmsNorm(x, weight: scale, epsilon: 1e-6), head)
        }
    }
}
