internal import CKernels

extension voken_quantised_head {
    /// Sixteen numbers that leave the least mean squared error in blocks of 32 normally distributed
    /// numbers, each block with the scale that suits it best; found by Lloyd's algorithm (Lloyd, "Least
    /// squares quantization in PCM", 1982, method I) from sixteen even steps. One of them is zero.
    private static let normalLevels: [Int8] = [
        -127, -100, -80, -63, -49, -36, -23, -11, 0, 12, 24, 36, 50, 65, 83, 110,
    ]

    /// For weights quantised here.
    init(factor: Float) { self.init(factor: factor, levels: Self.normalLevels) }

    /// For blocks of GGUF: even steps.
    static let even = Self(factor: 1, levels: Array(-8...7))

    private init(factor: Float, levels: [Int8]) {
        self.init()
        self.factor = factor
        unsafe withUnsafeMutableBytes(of: &self.levels) { bytes in
            for (index, level) in levels.enumerated() {
                unsafe bytes[index] = UInt8(Int(level) + 128)
            }
        }
    }

    var numbers: [Float] {
        unsafe withUnsafeBytes(of: levels) { bytes in
            unsafe bytes.map { Float($0) - 128 }
        }
    }
}
