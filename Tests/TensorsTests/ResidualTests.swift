import Testing

@testable import Tensors

/// What is added as a product is stored gives the bytes of an addition afterwards.
@Suite(.serialized)
struct ResidualTests {
    private func expectSameBytes(
        _ comment: Comment, _ operation: (_ residual: Tensor?) -> Tensor
    ) {
        let plain = operation(nil)
        let residual = numbers(plain.shape, seed: 9)
        #expect(bits(operation(residual)) == bits(residual + plain), comment)
    }

    /// Few rows and many, parts of tiles, chains taken one by one, several blocks of the depth.
    @Test(arguments: [1, 2])
    func linearMaps(threads: Int) {
        ThreadPool.configure(threads: threads)
        for (columns, depth) in [(1, 7), (16, 31), (33, 17), (70, 1100), (40, 2050)] {
            let weight = Weight(numbers([columns, depth], seed: 3))
            let forms: [Arithmetic: PackedWeight] = [
                .float32: PackedWeight(weight, format: .float32),
                .bfloat16: PackedWeight(weight, format: .bfloat16),
            ]
            let bias: Tensor? = columns % 2 == 1 ? numbers([columns], seed: 4) : nil
            for rows in [1, 5, 9, 31] {
                let x = numbers([rows, depth], seed: 5)
                expectSameBytes("\(rows) x \(columns) x \(depth)") {
                    linear(x, weight, bias: bias, adding: $0)
                }
                for (format, packed) in forms {
                    expectSameBytes("\(rows) x \(columns) x \(depth) in \(format)") {
                        linear(x, packed, bias: bias, adding: $0)
                    }
                }
            }
        }
    }

    @Test(arguments: [(3, 5, 1), (3, 70, 1), (3, 33, 2), (1, 40, 1)])
    func convolutions(kernel: Int, outputs: Int, stride: Int) {
        let weight = Weight(numbers([outputs, kernel, kernel, 19], seed: 3))
        let x = numbers([2, 7, 5, 19])
        let bias: Tensor? = outputs % 2 == 1 ? numbers([outputs], seed: 4) : nil
        let padding = Padding(kernel / 2)
        expectSameBytes("stored") {
            conv2d(x, weight, bias: bias, stride: stride, padding: padding, adding: $0)
        }
        for format in [Arithmetic.float32, .bfloat16] {
            let packed = PackedWeight(weight, format: format)
            expectSameBytes("packed in \(format)") {
                conv2d(x, packed, bias: bias, stride: stride, padding: padding, adding: $0)
            }
        }
        guard kernel == 3, stride == 1 else { return }
        for format in [Arithmetic.float32, .bfloat16] {
            let transformed = WinogradWeight(weight, format: format)
            expectSameBytes("transformed to \(format)") {
                conv2d(x, transformed, bias: bias, padding: padding, adding: $0)
            }
        }
    }
}
