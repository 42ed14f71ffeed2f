@testable import Tensors

/// The same numbers, rounded to bf16.
func rounded(_ x: Tensor) -> Tensor { Tensor(x.shape, x.values.map(rounded)) }

func rounded(_ x: Float) -> Float { Float(bitPattern: UInt32(roundedToBFloat16(x)) << 16) }

/// Winograd's minimal filtering, F(2×2, 3×3), by its definition (Lavin and Gray, 2016, §4.1).
enum WinogradReference {
    /// G g Gᵀ, the 4×4 numbers of a kernel of 3×3; halves are exact.
    static func kernel(_ g: [Float]) -> [Float] {
        let rows = (0..<3).map { column in
            transform((0..<3).map { g[$0 * 3 + column] })
        }
        return (0..<4).flatMap { row in transform((0..<3).map { rows[$0][row] }) }
    }

    private static func transform(_ g: [Float]) -> [Float] {
        let ends = g[0] + g[2]
        return [g[0], 0.5 * (ends + g[1]), 0.5 * (ends - g[1]), g[2]]
    }

    /// Bᵀ d B of 4×4 inputs.
    static func input(_ d: [Float]) -> [Float] {
        let difference = { (d: [Float]) -> [Float] in
            [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]]
        }
        let columns = (0..<4).map { column in difference((0..<4).map { d[$0 * 4 + column] }) }
        return (0..<4).flatMap { row in difference((0..<4).map { columns[$0][row] }) }
    }

    /// Aᵀ m A of 4×4 sums.
    static func output(_ m: [Double]) -> [Double] {
        let sums = { (m: [Double]) -> [Double] in [m[0] + m[1] + m[2], m[1] - m[2] - m[3]] }
        let columns = (0..<4).map { column in sums((0..<4).map { m[$0 * 4 + column] }) }
        return (0..<2).flatMap { row in sums((0..<4).map { columns[$0][row] }) }
    }

    /// A convolution whose transformed image and weight are rounded to bf16, and whose sums are in double
    /// precision.
    /// - Parameters:
    ///   - x: `[1, H, W, I]`, padded by one on all sides.
    ///   - weight: `[O, 3, 3, I]`.
    static func conv2d(_ x: Tensor, _ weight: Tensor) -> Tensor {
        let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
        let outputs = weight.shape[0]
        let (pixels, w) = (x.values, weight.values)
        let kernels = (0..<outputs).map { output in
            (0..<channels).map { channel in
                kernel((0..<9).map { w[(output * 9 + $0) * channels + channel] }).map(rounded)
            }
        }
        var y = [Float](repeating: 0, count: height * width * outputs)
        for top in stride(from: 0, to: height, by: 2) {
            for left in stride(from: 0, to: width, by: 2) {
                let inputs = (0..<channels).map { channel in
                    input(
                        (0..<16).map { place in
                            let (line, column) = (top + place / 4 - 1, left + place % 4 - 1)
                            guard 0..<height ~= line, 0..<width ~= column else { return 0 }
                            return pixels[(line * width + column) * channels + channel]
                        }
                    ).map(rounded)
                }
                for index in 0..<outputs {
                    let sums = (0..<16).map { place in
                        (0..<channels).reduce(0.0) {
                            $0 + Double(inputs[$1][place]) * Double(kernels[index][$1][place])
                        }
                    }
                    for (place, value) in output(sums).enumerated() {
                        let (line, column) = (top + place / 2, left + place % 2)
                        guard line < height, column < width else { continue }
                        y[(line * width + column) * outputs + index] = Float(value)
                    }
                }
            }
        }
        return Tensor([1, height, width, outputs], y)
    }
}
