import Glibc
import Tensors

/// The words that random floats of about a standard deviation have: signs and mantissas are random,
/// the exponent is the same for all. Their mean is zero and their deviation within a factor of √2 of
/// what was asked for, and they cost no arithmetic on floats, of which weights need billions.
struct RandomFloats {
    /// Of a word of 64 bits, which holds two or four numbers.
    let mask, fixed: UInt64

    init(_ format: WeightFormat, deviation: Double) {
        // Magnitudes are uniform in 2^e ..< 2^(e+1), so their root mean square is 2^e √(7/3).
        let exponent = Int((log2(deviation) - log2((7.0 / 3).squareRoot())).rounded())
        let (width, mantissa, bias) =
            switch format {
            case .float32: (32, 23, 127)
            case .bfloat16: (16, 7, 127)
            case .float16: (16, 10, 15)
            }
        // The least normal exponent is 1: denormal numbers would slow down what is measured.
        let biased = UInt64(max(exponent + bias, 1))
        let sign: UInt64 = 1 << UInt64(width - 1)
        let random = sign | (1 << UInt64(mantissa) - 1)
        let number = biased << UInt64(mantissa)
        var (mask, fixed): (UInt64, UInt64) = (0, 0)
        for place in stride(from: 0, to: 64, by: width) {
            mask |= random << UInt64(place)
            fixed |= number << UInt64(place)
        }
        self.mask = mask
        self.fixed = fixed
    }
}
