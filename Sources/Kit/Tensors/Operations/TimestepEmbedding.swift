import Glibc

/// Sinusoidal embedding of diffusion timesteps (Ho et al., 2020), as Stable Diffusion's UNet takes
/// it: the cosines and the sines of the timestep times `10000^(-i / (width / 2 - shift))`.
///
/// - Parameters:
///   - timesteps: `B` of them.
///   - width: Of an embedding; even.
///   - cosinesFirst: Or else the sines (diffusers' `flip_sin_to_cos`).
///   - frequencyShift: `shift` (diffusers' `freq_shift`); less than `width / 2`.
/// - Returns: `[B, width]`.
public func timestepEmbedding(
    _ timesteps: [Float], width: Int, cosinesFirst: Bool = true, frequencyShift: Float = 0
) -> Tensor {
    precondition(
        width >= 2 && width % 2 == 0 && frequencyShift < Float(width / 2),
        "timestepEmbedding: width \(width), shift \(frequencyShift)")
    let half = width / 2
    let (cosines, sines) = cosinesFirst ? (0, half) : (half, 0)
    return Tensor([timesteps.count, width]) { (y: inout MutableSpan<Float>) in
        for (row, timestep) in timesteps.enumerated() {
            for index in 0..<half {
                let exponent = -Float(log(10000.0)) * Float(index) / (Float(half) - frequencyShift)
                let angle = Double(timestep * expf(exponent))
                y[row * width + cosines + index] = Float(cos(angle))
                y[row * width + sines + index] = Float(sin(angle))
            }
        }
    }
}
