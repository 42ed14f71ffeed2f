import Layers
import Tensors

/// The resnets of one resolution on the way down, each followed by attention if the level has it,
/// then a halving of the resolution (but at the coarsest).
struct DownBlock: Sendable {
    let resnets: [ResnetBlock]
    let attentions: [SpatialTransformer]
    let downsampler: Conv2d?

    init(
        _ p: Parameters, _ level: UNetLevel, from inputs: Int, halves: Bool,
        _ c: UNetConfiguration, _ transformers: inout Int
    ) throws(ParameterError) {
        let channels = level.channels
        var resnets: [ResnetBlock] = []
        var attentions: [SpatialTransformer] = []
        for index in 0..<level.resnets {
            resnets.append(
                try ResnetBlock(
                    p["resnets"][index], from: index == 0 ? inputs : channels, to: channels, c))
            if level.attends {
                attentions.append(
                    try SpatialTransformer(p["attentions"][index], level, c, &transformers))
            }
        }
        self.resnets = resnets
        self.attentions = attentions
        downsampler =
            halves
            ? try Conv2d(
                p["downsamplers"][0]["conv"], channels, channels, kernel: 3, stride: 2, padding: 1)
            : nil
    }

    /// - Parameters:
    ///   - x: `[B, H, W, C]`.
    ///   - skips: gains the output of every layer, for the way up.
    /// - Returns: `[B, H/2, W/2, C']`, halves rounded up; the coarsest level keeps its extents.
    func callAsFunction(_ x: Tensor, _ pass: UNetPass, skips: inout [Tensor]) -> Tensor {
        var x = x
        for index in resnets.indices {
            x = layer(index, x, pass)
            skips.append(x)
        }
        if let downsampler {
            x = downsampler(x)
            skips.append(x)
        }
        return x
    }

    /// One resnet with its attention.
    func layer(_ index: Int, _ x: Tensor, _ pass: UNetPass) -> Tensor {
        let x = resnets[index](x, time: pass.time)
        return attentions.isEmpty ? x : attentions[index](x, pass)
    }
}

/// A resnet, attention and a resnet at the coarsest resolution.
struct MidBlock: Sendable {
    let resnet1, resnet2: ResnetBlock
    let attention: SpatialTransformer

    init(
        _ p: Parameters, _ level: UNetLevel, _ c: UNetConfiguration, _ transformers: inout Int
    ) throws(ParameterError) {
        resnet1 = try ResnetBlock(p["resnets"][0], from: level.channels, to: level.channels, c)
        attention = try SpatialTransformer(p["attentions"][0], level, c, &transformers)
        resnet2 = try ResnetBlock(p["resnets"][1], from: level.channels, to: level.channels, c)
    }

    /// `[B, H, W, C]` to `[B, H, W, C]`.
    func callAsFunction(_ x: Tensor, _ pass: UNetPass) -> Tensor {
        resnet2(attention(resnet1(x, time: pass.time), pass), time: pass.time)
    }
}

/// The resnets of one resolution on the way up, each fed with what the way down left here, then a
/// doubling of the resolution (but at the finest).
struct UpBlock: Sendable {
    let resnets: [ResnetBlock]
    let attentions: [SpatialTransformer]
    let upsampler: Conv2d?

    /// - Parameters:
    ///   - inputs: channels that come from below.
    ///   - finer: channels of the next finer level, which left the last skip here.
    init(
        _ p: Parameters, _ level: UNetLevel, from inputs: Int, finer: Int, attends: Bool,
        doubles: Bool, _ c: UNetConfiguration, _ transformers: inout Int
    ) throws(ParameterError) {
        let channels = level.channels
        let count = level.resnets + 1
        var resnets: [ResnetBlock] = []
        var attentions: [SpatialTransformer] = []
        for index in 0..<count {
            let below = index == 0 ? inputs : channels
            let skip = index == count - 1 ? finer : channels
            resnets.append(
                try ResnetBlock(p["resnets"][index], from: below + skip, to: channels, c))
            if attends {
                attentions.append(
                    try SpatialTransformer(p["attentions"][index], level, c, &transformers))
            }
        }
        self.resnets = resnets
        self.attentions = attentions
        upsampler =
            doubles
            ? try Conv2d(p["upsamplers"][0]["conv"], channels, channels, kernel: 3, padding: 1)
            : nil
    }

    /// - Parameters:
    ///   - x: `[B, H, W, C]`.
    ///   - skips: loses the outputs that the way down left at this level.
    /// - Returns: `[B, H', W', C']`, with the extents of the next skip.
    func callAsFunction(_ x: Tensor, _ pass: UNetPass, skips: inout [Tensor]) -> Tensor {
        var x = x
        for index in resnets.indices { x = layer(index, x, pass, &skips) }
        guard let upsampler, let next = skips.last?.shape else { return x }
        // An odd extent was rounded up when it was halved.
        let doubled = upsampleNearest(x, by: 2)
            .cropped(axis: 1, to: next[1]).cropped(axis: 2, to: next[2])
        return upsampler(doubled)
    }

    /// One resnet with its attention.
    func layer(
        _ index: Int, _ x: Tensor, _ pass: UNetPass, _ skips: inout [Tensor]
    ) -> Tensor {
        let x = resnets[index](
            concatenate([x, skips.removeLast()], axis: 3), time: pass.time)
        return attentions.isEmpty ? x : attentions[index](x, pass)
    }
}

extension Tensor {
    /// The first `extent` places of an axis.
    fileprivate func cropped(axis: Int, to extent: Int) -> Tensor {
        shape[axis] == extent ? self : slice(axis: axis, 0..<extent)
    }
}

extension ResnetBlock {
    fileprivate init(
        _ p: Parameters, from inputs: Int, to outputs: Int, _ c: UNetConfiguration
    ) throws(ParameterError) {
        try self.init(
            p, from: inputs, to: outputs, timeChannels: c.timeChannels, groups: c.normGroups,
            epsilon: c.epsilon)
    }
}
