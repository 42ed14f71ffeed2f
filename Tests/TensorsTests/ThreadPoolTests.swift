import Synchronization
import Testing

@testable import Tensors

/// Serialised: these tests change how many threads everybody has.
@Suite(.serialized)
struct ThreadPoolTests {
    @Test(arguments: [1, 2, 4])
    func everyIndexRunsOnce(threads: Int) {
        ThreadPool.configure(threads: threads)
        for count in [0, 1, 2, 3, 1000] {
            let visits = Mutex([Int](repeating: 0, count: count))
            ThreadPool.run(count) { index in visits.withLock { $0[index] += 1 } }
            #expect(visits.withLock { $0 } == [Int](repeating: 1, count: count))
        }
    }

    @Test func loopsWithinLoops() {
        ThreadPool.configure(threads: 3)
        let total = Atomic<Int>(0)
        ThreadPool.run(7) { outer in
            ThreadPool.run(5) { inner in total.add(outer * 5 + inner, ordering: .relaxed) }
        }
        #expect(total.load(ordering: .relaxed) == 35 * 34 / 2)
    }

    @Test func manyCallersAtOnce() async {
        ThreadPool.configure(threads: 2)
        let total = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { countIndices(loops: 200, of: 16) } }
            return await group.reduce(0, +)
        }
        #expect(total == 8 * 200 * 16)
    }

    @Test func resultsAreTheSameBytesForAnyNumberOfThreads() {
        let image = numbers([2, 19, 23, 48])
        let kernel = Weight(numbers([50, 3, 3, 48], seed: 2), format: .float16)
        let matrix = Weight(numbers([300, 576], seed: 3), format: .bfloat16)
        let rows = numbers([210, 576], seed: 4)
        let tokens = numbers([2, 131, 96], seed: 5)
        let (scale, shift) = (numbers([48], seed: 6), numbers([48], seed: 7))
        func compute() -> [[UInt32]] {
            [
                conv2d(image, kernel, bias: nil, padding: Padding(1)),
                linear(rows, matrix),
                linear(rows.slice(axis: 0, 0..<3), matrix),
                attention(query: tokens, key: tokens, value: tokens, heads: 3, causalOffset: 0),
                groupNorm(image, groups: 8, weight: scale, bias: shift, epsilon: 1e-5),
                layerNorm(image, weight: scale, bias: shift, epsilon: 1e-5),
                geglu(image),
                softmax(rows),
            ].map { $0.values.map(\.bitPattern) }
        }
        ThreadPool.configure(threads: 1)
        let alone = compute()
        for threads in [2, 4] {
            ThreadPool.configure(threads: threads)
            for _ in 0..<3 { #expect(compute() == alone) }
        }
    }
}

private func countIndices(loops: Int, of count: Int) -> Int {
    let total = Atomic<Int>(0)
    for _ in 0..<loops {
        ThreadPool.run(count) { _ in total.add(1, ordering: .relaxed) }
    }
    return total.load(ordering: .relaxed)
}
