import Glibc

/// Sinusoidal embedding of diffusion timesteps (Ho et al., 2020), as Stable Diffusion's UNet takes
/// it: cosines first (`flip_sin_to_cos`), frequencies `10000^(-i / (width / 2))`
/// (`freq_shift` 0).
///
/// - Parameters:
///   - timesteps: `B` of them.
///   - width: Of an embedding; even.
/// - Returns: `[B, width]`.
public func timestepEmbedding(_ timesteps: [Float], width: Int) -> Tensor {
    precondition(width >= 2 && width % 2 == 0, "timestepEmbedding: width \(width)")
    let half = width / 2
    return Tensor([timesteps.count, width]) { (y: inout MutableSpan<Float>) in
        for (row, timestep) in timesteps.enumerated() {
            for index in 0..<half {
                let exponent = -Float(log(10000.0)) * Float(index) / Float(half)
                let angle = Double(timestep * expf(exponent))
                y[row * width + index] = Float(cos(angle))
                y[row * width + half + index] = Float(sin(angle))
            }
        }
    }
}
