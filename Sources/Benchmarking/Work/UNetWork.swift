import Checkpoints

extension Work {
    /// A prediction of Stable Diffusion's UNet, from the `config.json` of diffusers'
    /// `UNet2DConditionModel`.
    /// - Parameters:
    ///   - side: of the latents.
    ///   - length: rows of the conditioning.
    static func unet(
        _ c: Settings, batch: Int, side: Int, length: Int
    ) throws(SettingError) -> Work {
        var unet = try UNetCounter(c, batch: batch, side: side, length: length)
        unet.descend()
        unet.turn()
        unet.ascend()
        return unet.work
    }
}

/// Walks through the UNet as a latent does, with the channels of what is carried across.
private struct UNetCounter {
    var work = Work()
    private let batch, length, conditioning, inputs, outputs: Int
    private let channels, resnets, layers: [Int]
    private let descending, ascending: [Bool]
    private var side: Int
    private var current = 0
    private var skips: [Int] = []

    init(_ c: Settings, batch: Int, side: Int, length: Int) throws(SettingError) {
        self.batch = batch
        self.side = side
        self.length = length
        let types = try c.strings("down_block_types")
        descending = types.map { $0 == "CrossAttnDownBlock2D" }
        ascending = try c.strings("up_block_types").map { $0 == "CrossAttnUpBlock2D" }
        channels = try c.extents("block_out_channels", count: types.count)
        resnets = try c.extents("layers_per_block", count: types.count, default: 2)
        layers = try c.extents("transformer_layers_per_block", count: types.count, default: 1)
        conditioning = try c.extent("cross_attention_dim", default: 1280)
        inputs = try c.extent("in_channels", default: 4)
        outputs = try c.extent("out_channels", default: 4)
    }

    private var places: Int { batch * side * side }

    mutating func descend() {
        let time = 4 * channels[0]
        work.addLinear(rows: batch, channels[0], time)
        work.addLinear(rows: batch, time, time)
        work.addConvolution(places: places, inputs, channels[0], kernel: 3)
        current = channels[0]
        skips = [current]
        for level in channels.indices {
            for _ in 0..<resnets[level] {
                addResnet(from: current, to: channels[level])
                if descending[level] { addTransformer(level) }
                skips.append(current)
            }
            guard level + 1 < channels.count else { break }
            side = (side + 1) / 2
            work.addConvolution(places: places, current, current, kernel: 3)
            skips.append(current)
        }
    }

    mutating func turn() {
        addResnet(from: current, to: current)
        addTransformer(channels.count - 1)
        addResnet(from: current, to: current)
    }

    mutating func ascend() {
        for (index, level) in channels.indices.reversed().enumerated() {
            for _ in 0...resnets[level] {
                addResnet(from: current + (skips.popLast() ?? 0), to: channels[level])
                if ascending[index] { addTransformer(level) }
            }
            guard level > 0 else { break }
            side *= 2
            work.addConvolution(places: places, current, current, kernel: 3)
        }
        work.addConvolution(places: places, current, outputs, kernel: 3)
    }

    private mutating func addResnet(from inputs: Int, to outputs: Int) {
        work.addConvolution(places: places, inputs, outputs, kernel: 3)
        work.addLinear(rows: batch, 4 * channels[0], outputs)
        work.addConvolution(places: places, outputs, outputs, kernel: 3)
        if inputs != outputs {
            work.addConvolution(places: places, inputs, outputs, kernel: 1)
        }
        current = outputs
    }

    private mutating func addTransformer(_ level: Int) {
        let (width, queries) = (channels[level], side * side)
        work.addLinear(rows: places, width, width)
        for _ in 0..<layers[level] {
            for _ in 0..<4 { work.addLinear(rows: places, width, width) }
            work.addAttention(
                batch: batch, queries: queries, keys: Double(queries), width: width)
            for _ in 0..<2 {
                work.addLinear(rows: places, width, width)
                work.addLinear(rows: batch * length, conditioning, width)
            }
            work.addAttention(
                batch: batch, queries: queries, keys: Double(length), width: width)
            work.addLinear(rows: places, width, 8 * width)
            work.addLinear(rows: places, 4 * width, width)
        }
        work.addLinear(rows: places, width, width)
    }
}
