import Glibc

/// Rotary position embedding (Su et al., 2021) in the layout of LLaMA in `transformers`:
/// channel `i` of a head is rotated with channel `i + d/2` by `position · base^(-2i/d)`.
///
/// - Parameters:
///   - x: `[B, T, h·d]`.
///   - heads: `h`.
///   - firstPosition: The position of the first of the `T` tokens.
///   - base: The wavelength factor; 10000 in LLaMA.
/// - Returns: `[B, T, h·d]`.
public func rotary(_ x: Tensor, heads: Int, firstPosition: Int, base: Float) -> Tensor {
    precondition(
        x.shape.rank == 3 && heads >= 1 && x.shape[2] % (2 * heads) == 0,
        "rotary: x \(x.shape), \(heads) heads")
    let half = x.shape[2] / heads / 2
    return rotary(
        x, heads: heads, firstPosition: firstPosition,
        frequencies: rotaryFrequencies(half, base: base))
}

/// The angles by which one position turns the channels of a head: `base^(-i/half)`.
///
/// Rounded to floats where transformers rounds them.
public func rotaryFrequencies(_ half: Int, base: Float) -> [Float] {
    (0..<half).map { 1 / powf(base, Float(2 * $0) / Float(2 * half)) }
}

/// Rotary position embedding with frequencies of the caller's.
///
/// - Parameter frequencies: `d/2` angles, in radians a position.
public func rotary(
    _ x: Tensor, heads: Int, firstPosition: Int, frequencies: [Float]
) -> Tensor {
    rotary(
        x, heads: heads,
        RotaryAngles(
            firstPosition: firstPosition, tokens: x.shape[1], frequencies: frequencies))
}

/// By how much the channels of a head are turned at some positions, in every layer alike.
public struct RotaryAngles: Sendable {
    /// `[T, 2, d/2]`: cosines, then sines.
    fileprivate let table: Tensor

    /// - Parameter frequencies: `d/2` angles, in radians a position.
    public init(firstPosition: Int, tokens: Int, frequencies: [Float]) {
        precondition(firstPosition >= 0, "rotary: position \(firstPosition)")
        let half = frequencies.count
        // The angle is rounded to a float where transformers rounds it; only the sine and the cosine
        // of the rounded angle are taken in double precision.
        table = Tensor([tokens, 2, half]) { (angles: inout MutableSpan<Float>) in
            for token in 0..<tokens {
                for index in 0..<half {
                    let angle = Double(Float(firstPosition + token) * frequencies[index])
                    angles[2 * token * half + index] = Float(cos(angle))
                    angles[(2 * token + 1) * half + index] = Float(sin(angle))
                }
            }
        }
    }
}

/// Rotary position embedding by angles that were looked up before.
///
/// - Parameters:
///   - x: `[B, T, h·d]`.
///   - angles: of `T` positions.
/// - Returns: `[B, T, h·d]`.
public func rotary(_ x: Tensor, heads: Int, _ angles: RotaryAngles) -> Tensor {
    let half = angles.table.shape[2]
    precondition(
        x.shape.rank == 3 && heads >= 1 && x.shape[2] == 2 * heads * half
            && x.shape[1] == angles.table.shape[0],
        "rotary: x \(x.shape), \(heads) heads, angles \(angles.table.shape)")
    let (batch, tokens, channels) = (x.shape[0], x.shape[1], x.shape[2])
    return unsafe Tensor(uninitialized: x.shape) { y in
        unsafe x.withElements { x in
            unsafe angles.table.withElements { angles in
                forEachRun(of: batch * tokens, width: channels) { rows in
                    for row in rows {
                        let cosines = unsafe angles + row % tokens * 2 * half
                        for head in 0..<heads {
                            let start = row * channels + head * 2 * half
                            unsafe rotate(
                                x + start, cosines, cosines + half, into: y + start, half: half)
                        }
                    }
                }
            }
        }
    }
}

/// One head of one token.
private func rotate(
    _ x: UnsafePointer<Float>, _ cosines: UnsafePointer<Float>, _ sines: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, half: Int
) {
    for index in 0..<half {
        let (a, b) = unsafe (x[index], x[index &+ half])
        unsafe y[index] = a * cosines[index] - b * sines[index]
        unsafe y[index &+ half] = b * cosines[index] + a * sines[index]
    }
}
