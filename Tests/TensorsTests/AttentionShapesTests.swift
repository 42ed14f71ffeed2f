import TestSupport
import Testing

@testable import Tensors

/// Attention over shapes on both sides of every vector, tile and block of keys, against the plain
/// loops and against itself on other threads.
@Suite(.serialized)
struct AttentionShapesTests {
    /// Queries, keys and the width of a head.
    static let shapes: [(queries: Int, keys: Int, width: Int)] = [
        (1, 1, 1), (1, 113, 64), (1, 300, 128), (5, 112, 3), (8, 14, 160), (9, 77, 40),
        (16, 15, 32), (17, 225, 14), (31, 32, 88), (32, 111, 29), (33, 224, 7), (65, 77, 64),
        (79, 130, 15), (257, 260, 16), (300, 301, 2), (600, 21, 3),
    ]

    @Test(arguments: [false, true])
    func agreesWithThePlainLoops(causal: Bool) {
        for (queries, keys, width) in Self.shapes where !causal || queries <= keys {
            let query = numbers([1, queries, width]).scaled(by: 3)
            let key = numbers([1, keys, width], seed: 2)
            let value = numbers([1, keys, width], seed: 3)
            let offset = causal ? keys - queries : nil
            expectClose(
                attention(query: query, key: key, value: value, heads: 1, causalOffset: offset),
                Reference.attention(query, key, value, causalOffset: offset))
        }
    }

    /// In bf16 a weight is off by half a unit of its last place, 2⁻⁹, at most: so far is an output from what
    /// rounded queries, keys and values give, if all errors fall on one side.
    @Test(arguments: [false, true])
    func isWithinTheRoundingOfItsWeights(causal: Bool) {
        for (queries, keys, width) in Self.shapes where !causal || queries <= keys {
            let query = numbers([1, queries, width]).scaled(by: 3)
            let key = numbers([1, keys, width], seed: 2)
            let value = rounded(numbers([1, keys, width], seed: 3))
            let offset = causal ? keys - queries : nil
            let y = attention(
                query: query, key: key, value: value, heads: 1, causalOffset: offset,
                arithmetic: .bfloat16)
            let exact = { (value: Tensor) in
                Reference.attention(rounded(query), rounded(key), value, causalOffset: offset)
            }
            let sizes = exact(Tensor(value.shape, value.values.map(abs)))
            for (index, (y, (exact, size))) in zip(
                y.values, zip(exact(value).values, sizes.values)
            ).enumerated() where abs(y - exact) > 0x1.04p-9 * size {
                Issue.record(
                    "\(y) for \(exact) at \(index), \(queries) x \(keys) of \(width)")
                return
            }
        }
    }

    /// Without scores all weights are one, exactly: every value counts, and in its place.
    @Test func equalWeightsInBFloat16() {
        for (queries, keys, width) in Self.shapes {
            let value = numbers([1, keys, width], seed: 3)
            for offset in [nil, queries <= keys ? keys - queries : nil] {
                let zeros = Tensor([1, queries, width], repeating: 0)
                let key = numbers([1, keys, width], seed: 2)
                expectClose(
                    attention(
                        query: zeros, key: key, value: value, heads: 1, causalOffset: offset,
                        arithmetic: .bfloat16),
                    Reference.attention(zeros, key, rounded(value), causalOffset: offset))
            }
        }
    }

    /// Every piece of the queries, on any number of threads, with heads around it.
    @Test(arguments: [1, 2, 3], [Arithmetic.float32, .bfloat16])
    func aHeadAmongOthersGetsTheSameBytes(threads: Int, arithmetic: Arithmetic) {
        ThreadPool.configure(threads: threads)
        for (queries, keys, width) in Self.shapes {
            let query = numbers([2, queries, 3 * width])
            let key = numbers([2, keys, 3 * width], seed: 2)
            let value = numbers([2, keys, 3 * width], seed: 3)
            let together = attention(
                query: query, key: key, value: value, heads: 3, arithmetic: arithmetic)
            for head in 0..<3 {
                let channels = head * width..<(head + 1) * width
                let part = { (x: Tensor) in
                    x.slice(axis: 0, 1..<2).slice(axis: 2, channels)
                }
                let alone = attention(
                    query: part(query), key: part(key), value: part(value), heads: 1,
                    arithmetic: arithmetic)
                #expect(bits(alone) == bits(part(together)), "\(queries) x \(keys) of \(width)")
            }
        }
    }

    /// Few queries read keys and values in place, many in blocks that were copied: alone and in small
    /// parts a query gets what it gets amid all.
    @Test(arguments: [1, 2, 3])
    func fewQueriesGetTheSameBytesAsMany(threads: Int) {
        ThreadPool.configure(threads: threads)
        for (keys, heads, width) in [
            (9, 2, 1), (16, 1, 16), (40, 17, 3), (111, 3, 40), (113, 5, 64), (130, 33, 8),
            (229, 2, 128), (340, 1, 170),
        ] {
            let queries = min(keys, 37)
            let query = numbers([2, queries, heads * width]).scaled(by: 3)
            let key = numbers([2, keys, heads * width], seed: 2)
            let value = numbers([2, keys, heads * width], seed: 3)
            for causal in [false, true] {
                let offset = causal ? keys - queries : nil
                let whole = attention(
                    query: query, key: key, value: value, heads: heads, causalOffset: offset)
                for (first, count) in [(0, 1), (2, 2), (4, 3), (queries - 4, 4), (queries - 1, 1)] {
                    let part = attention(
                        query: query.slice(axis: 1, first..<first + count), key: key, value: value,
                        heads: heads, causalOffset: offset.map { $0 + first })
                    #expect(
                        bits(part) == bits(whole.slice(axis: 1, first..<first + count)),
                        "\(count) from \(first) on, \(keys) keys, \(heads) heads of \(width)")
                }
            }
        }
    }

    /// Scores so far apart that all weights but one vanish, or that none does.
    @Test func extremeScores() {
        for size: Float in [1e-20, 1, 1e4, 1e18] {
            let query = numbers([1, 20, 24]).scaled(by: size)
            let key = numbers([1, 150, 24], seed: 2)
            let value = numbers([1, 150, 24], seed: 3)
            let y = attention(query: query, key: key, value: value, heads: 1)
            let inPairs = attention(
                query: query, key: key, value: value, heads: 1, arithmetic: .bfloat16)
            #expect((y.values + inPairs.values).allSatisfy { abs($0) <= 1.01 })
            guard size <= 1 else { continue }  // beyond, rounded scores decide which key weighs
            expectClose(y, Reference.attention(query, key, value, causalOffset: nil))
        }
    }
}
