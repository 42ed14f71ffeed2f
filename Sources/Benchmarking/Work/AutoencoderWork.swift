import Checkpoints

extension Work {
    /// Decoding one latent, from the `config.json` of diffusers' `AutoencoderKL`.
    /// - Parameter side: of the latent.
    static func decoding(_ c: Settings, side: Int) throws(SettingError) -> Work {
        let levels = try c.strings("down_block_types").count
        let channels = Array(try c.extents("block_out_channels", count: levels).reversed())
        let resnets = try c.extent("layers_per_block", default: 1) + 1
        let latents = try c.extent("latent_channels", default: 4)
        let pictures = try c.extent("out_channels", default: 3)
        var (work, side) = (Work(), side)

        func addResnet(from inputs: Int, to outputs: Int) {
            work.addConvolution(places: side * side, inputs, outputs, kernel: 3)
            work.addConvolution(places: side * side, outputs, outputs, kernel: 3)
            if inputs != outputs {
                work.addConvolution(places: side * side, inputs, outputs, kernel: 1)
            }
        }

        if try c.boolean("use_post_quant_conv", default: true) {
            work.addConvolution(places: side * side, latents, latents, kernel: 1)
        }
        var current = channels[0]
        work.addConvolution(places: side * side, latents, current, kernel: 3)
        addResnet(from: current, to: current)
        if try c.boolean("mid_block_add_attention", default: true) {
            for _ in 0..<4 { work.addLinear(rows: side * side, current, current) }
            work.addAttention(
                batch: 1, queries: side * side, keys: Double(side * side), width: current)
        }
        addResnet(from: current, to: current)
        for level in channels.indices {
            for _ in 0..<resnets {
                addResnet(from: current, to: channels[level])
                current = channels[level]
            }
            guard level + 1 < channels.count else { break }
            side *= 2
            work.addConvolution(places: side * side, current, current, kernel: 3)
        }
        work.addConvolution(places: side * side, current, pictures, kernel: 3)
        return work
    }
}
