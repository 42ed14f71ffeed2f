public import Tensors

/// Two 3×3 convolutions, with a timestep bias between them in a UNet, added to a shortcut
/// (He et al., 2015; Ho et al., 2020, appendix B).
///
/// Names follow diffusers' `ResnetBlock2D`.
public struct ResnetBlock: Sendable {
    let norm1, norm2: GroupNorm
    let conv1, conv2: Conv2d
    let timeProjection: Linear?
    let shortcut: Conv2d?  // 1×1, only where the channel count changes

    /// - Parameter timeChannels: the width of the embedded timestep; `nil` for an autoencoder.
    public init(
        _ p: Parameters, from inputs: Int, to outputs: Int, timeChannels: Int?, groups: Int,
        epsilon: Float
    ) throws(ParameterError) {
        norm1 = try GroupNorm(p["norm1"], groups: groups, channels: inputs, epsilon: epsilon)
        conv1 = try Conv2d(p["conv1"], inputs, outputs, kernel: 3, padding: 1)
        if let timeChannels {
            timeProjection = try Linear(p["time_emb_proj"], timeChannels, outputs)
        } else {
            timeProjection = nil
        }
        norm2 = try GroupNorm(p["norm2"], groups: groups, channels: outputs, epsilon: epsilon)
        conv2 = try Conv2d(p["conv2"], outputs, outputs, kernel: 3, padding: 1)
        shortcut =
            inputs == outputs ? nil : try Conv2d(p["conv_shortcut"], inputs, outputs, kernel: 1)
    }

    /// - Parameters:
    ///   - x: `[B, H, W, Cin]`.
    ///   - time: `[B, T]`, the embedded timestep, if the block was made for one.
    /// - Returns: `[B, H, W, Cout]`.
    public func callAsFunction(_ x: Tensor, time: Tensor? = nil) -> Tensor {
        var h = conv1(norm1(x, activation: .silu))
        if let timeProjection, let time {
            h = addPerSample(consume h, timeProjection(silu(time)))
        }
        // What is over is let go at once: at full resolution each is a hundred megabytes.
        h = norm2(h, activation: .silu)
        return conv2(h, adding: shortcut?(x) ?? x)
    }
}
