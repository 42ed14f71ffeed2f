import Testing

@testable import Tensors

/// What samples share a batch, and how many, leaves no trace in a sample's bytes: every operation,
/// over odd shapes, on one thread and on several.
///
/// Other suites change the number of threads meanwhile, which may not leave a trace either.
@Suite(.serialized)
struct BatchTests {
    static let threads = [1, 2, 3]

    /// Columns on both sides of every tile's width; depths on both sides of the eight chains, and
    /// one that is taken chain by chain.
    static let matrices: [(columns: Int, depth: Int)] = [
        (1, 1), (3, 7), (7, 8), (8, 9), (15, 24), (16, 31), (17, 64), (31, 40), (32, 33), (33, 17),
        (47, 100), (48, 128), (65, 3), (96, 71), (32, 1031), (21, 2050),
    ]

    @Test(arguments: WeightFormat.allCases, threads)
    func rowsOfALinearMap(format: WeightFormat, threads: Int) {
        ThreadPool.configure(threads: threads)
        for (columns, depth) in Self.matrices {
            let weight = Weight(numbers([columns, depth], seed: 3), format: format)
            let bias: Tensor? = columns % 2 == 1 ? numbers([columns], seed: 4) : nil
            let x = numbers([61, depth])
            let whole = bits(linear(x, weight, bias: bias))
            for rows in [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 27, 28, 29, 43, 60] {
                let first = (rows * 5) % (62 - rows)
                let some = linear(
                    x.slice(axis: 0, first..<first + rows), weight, bias: bias)
                #expect(
                    bits(some) == Array(whole[first * columns..<(first + rows) * columns]),
                    "\(rows) rows, \(columns) columns, depth \(depth)")
            }
        }
    }

    /// Products too large for one tile or one band.
    @Test(arguments: threads)
    func rowsOfALargeLinearMap(threads: Int) {
        ThreadPool.configure(threads: threads)
        for (rows, columns, depth) in [(700, 203, 517), (37, 1030, 3000), (300, 32, 2000)] {
            let weight = Weight(numbers([columns, depth], seed: 3), format: .bfloat16)
            let bias = numbers([columns], seed: 4)
            let x = numbers([rows, depth])
            let whole = linear(x, weight, bias: bias)
            for part in [0..<1, 3..<12, 5..<30, 1..<rows] {
                let some = linear(x.slice(axis: 0, part), weight, bias: bias)
                #expect(bits(some) == bits(whole.slice(axis: 0, part)), "rows \(part) of \(rows)")
            }
        }
    }

    /// A column alone, as a part of a weight, is summed as it is among the others.
    @Test func columnsOfALinearMap() {
        let weight = Weight(numbers([70, 333], seed: 3), format: .float16)
        let x = numbers([20, 333])
        let whole = linear(x, weight)
        for part in [0..<1, 5..<22, 31..<64, 69..<70] {
            #expect(bits(linear(x, weight.rows(part))) == bits(whole.slice(axis: 1, part)))
        }
    }

    /// Sums that underflow to a negative zero, zeros of both signs, infinities.
    @Test func rowsOfExtremeNumbers() {
        let extremes: [Float] = [
            0, -0.0, 1e-38, -1e-38, 0x1p-149, -0x1p-149, 1, -1, 3e38, .infinity,
        ]
        let picks = numbers([40 * 37]).values.map { extremes[Int(($0 + 1) * 4.999)] }
        let x = Tensor([40, 37], picks)
        let weight = Weight(
            Tensor([19, 37], picks[200..<200 + 19 * 37].map { $0.isInfinite ? -1e-30 : $0 }))
        for bias in [nil, Tensor([19], Array(repeating: -0.0, count: 19))] {
            let whole = linear(x, weight, bias: bias).values
            for row in 0..<40 {
                let alone = linear(x.slice(axis: 0, row..<row + 1), weight, bias: bias).values
                for (alone, among) in zip(alone, whole[row * 19..<(row + 1) * 19]) {
                    #expect(
                        alone.bitPattern == among.bitPattern || (alone.isNaN && among.isNaN))
                }
            }
        }
    }

    @Test(arguments: threads)
    func imagesOfAConvolution(threads: Int) {
        ThreadPool.configure(threads: threads)
        for (height, width, inputs, outputs, kernel, stride, padding) in [
            (9, 7, 3, 5, 3, 1, Padding(1)), (5, 11, 8, 16, 3, 1, Padding(1)),
            (8, 8, 16, 33, 3, 2, Padding(1)), (6, 5, 24, 40, 3, 1, Padding(1)),
            (12, 12, 4, 3, 4, 4, Padding(0)), (7, 9, 20, 3, 3, 1, Padding(1)),
            (10, 6, 8, 31, 3, 2, Padding(top: 0, left: 0, bottom: 1, right: 1)),
            (4, 4, 128, 64, 3, 1, Padding(1)), (5, 3, 40, 17, 1, 1, Padding(0)),
            (3, 3, 16, 9, 5, 1, Padding(3)), (13, 13, 48, 21, 2, 3, Padding(0)),
            (2, 2, 8, 8, 3, 1, Padding(1)), (1, 1, 9, 11, 3, 1, Padding(1)),
        ] {
            let weight = Weight(
                numbers([outputs, kernel, kernel, inputs], seed: 2), format: .float16)
            let bias: Tensor? = outputs % 2 == 1 ? numbers([outputs], seed: 3) : nil
            expectIndependentSamples(
                numbers([4, height, width, inputs]),
                comment: "\(height)x\(width)x\(inputs), \(outputs) of \(kernel)x\(kernel)"
            ) { conv2d($0[0], weight, bias: bias, stride: stride, padding: padding) }
        }
    }

    @Test(arguments: threads)
    func sequencesOfAttention(threads: Int) {
        ThreadPool.configure(threads: threads)
        for (queries, keys, heads, width, causal) in [
            (1, 1, 1, 4, false), (7, 19, 2, 5, false), (17, 17, 3, 8, true), (70, 131, 2, 16, true),
            (16, 77, 4, 16, false), (3, 200, 5, 7, true),
        ] {
            expectIndependentSamples(
                numbers([4, queries, heads * width]), numbers([4, keys, heads * width], seed: 2),
                numbers([4, keys, heads * width], seed: 3), comment: "\(queries) x \(keys)"
            ) {
                attention(
                    query: $0[0], key: $0[1], value: $0[2], heads: heads,
                    causalOffset: causal ? keys - queries : nil)
            }
        }
    }

    @Test(arguments: threads)
    func samplesOfNorms(threads: Int) {
        ThreadPool.configure(threads: threads)
        for (places, channels, groups) in [(1, 6, 3), (35, 12, 4), (23, 33, 11), (900, 40, 8)] {
            let (scale, shift) = (numbers([channels], seed: 5), numbers([channels], seed: 6))
            let x = numbers([5, places, channels])
            expectIndependentSamples(x) {
                groupNorm($0[0], groups: groups, weight: scale, bias: shift, epsilon: 1e-5)
            }
            expectIndependentSamples(x) {
                layerNorm($0[0], weight: scale, bias: shift, epsilon: 1e-5)
            }
            expectIndependentSamples(x) { rmsNorm($0[0], weight: scale, epsilon: 1e-5) }
            expectIndependentSamples(x) { softmax($0[0]) }
        }
    }

    @Test(arguments: threads)
    func samplesElementByElement(threads: Int) {
        ThreadPool.configure(threads: threads)
        // The second is more than a thread takes at a time.
        for shape: Shape in [[5, 3, 2, 6], [4, 31, 23, 14]] {
            let x = numbers(shape).scaled(by: 6)
            let y = numbers(shape, seed: 2)
            let row = numbers([shape[-1]], seed: 3)
            let perSample = numbers([shape[0], shape[-1]], seed: 4)
            let operations: [([Tensor]) -> Tensor] = [
                { silu($0[0]) }, { gelu($0[0]) }, { relu($0[0]) }, { geglu($0[0]) },
                { swiglu($0[0], $0[1]) }, { $0[0] + $0[1] }, { $0[0] - $0[1] }, { $0[0] + row },
                { $0[0] - row }, { $0[0].scaled(by: 0.3) }, { addPerSample($0[0], $0[2]) },
                { linearCombination([(0.3, $0[0]), (-1.7, $0[1]), (2.1, $0[0])]) },
                { upsampleNearest($0[0], by: 2) }, { $0[0].channelsOutermost() },
                { $0[0].channelsInnermost() }, { concatenate([$0[0], $0[1]], axis: 3) },
                { $0[0].slice(axis: 2, 1..<2) },
            ]
            for (index, operation) in operations.enumerated() {
                expectIndependentSamples(
                    x, y, perSample, comment: "operation \(index) of \(shape)", operation)
            }
        }
    }

    @Test func sequencesOfRotaryPositions() {
        expectIndependentSamples(numbers([3, 11, 24])) {
            rotary($0[0], heads: 3, firstPosition: 5, base: 10_000)
        }
    }

    @Test func timestepsOfAnEmbedding() {
        let timesteps: [Float] = [0, 999, 17.5, 500]
        let together = timestepEmbedding(timesteps, width: 22)
        for (row, timestep) in timesteps.enumerated() {
            #expect(
                bits(timestepEmbedding([timestep], width: 22))
                    == bits(together.slice(axis: 0, row..<row + 1)))
        }
    }
}
