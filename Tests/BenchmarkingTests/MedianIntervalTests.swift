import Testing

@testable import Benchmarking

@Suite struct MedianIntervalTests {
    /// Ranks of tables of the sign test (Conover, 1999, table A3).
    @Test(arguments: [(5, nil), (6, 1), (8, 1), (9, 2), (12, 3), (20, 6), (25, 8), (100, 40)])
    func rank(count: Int, rank: Int?) {
        #expect(MedianInterval.rank(of: count) == rank)
    }

    @Test func holdsTheMedian() throws {
        let interval = try #require(MedianInterval([9, 1, 5, 3, 7, 2, 8, 4, 6]))
        #expect(interval == MedianInterval([1, 2, 3, 4, 5, 6, 7, 8, 9]))
        #expect(interval.median == 5 && interval.low == 2 && interval.high == 8)
        #expect(interval.spread == 0.6)
        #expect(MedianInterval([1, 2, 3, 4, 5]) == nil)
        #expect(MedianInterval.median([4, 1, 2, 3]) == 2.5)
    }

    @Test func patienceEndsWithAStableMedianOrTheTime() {
        let patience = Patience(limit: 10)
        #expect(!patience.isOver([]))
        #expect(!patience.isOver([Double](repeating: 0.2, count: 5)))
        #expect(patience.isOver([Double](repeating: 0.2, count: 6)))
        // Six equal calls of a moment say nothing of the next moment.
        #expect(!patience.isOver([Double](repeating: 0.001, count: 6)))
        #expect(!patience.isOver([1, 1.2, 1, 1.2, 1, 1.2]))
        #expect(patience.isOver([1, 1.2, 1, 1.2, 1, 1.2, 1, 1.2, 1.2]))
        #expect(patience.isOver([11]))
    }
}
