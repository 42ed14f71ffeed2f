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

    private func measured(_ times: [Double]) -> Measurement {
        var measurement = Measurement(limit: 10, first: 1)
        for time in times where !measurement.isOver { measurement.add(time) }
        return measurement
    }

    @Test func endsWithAStableMedianOrTheTime() {
        #expect(!measured([]).isOver)
        #expect(!measured([Double](repeating: 0.2, count: 5)).isOver)
        let stable = measured([Double](repeating: 0.2, count: 100))
        #expect(stable.isOver && (6...10).contains(stable.samples.count))
        // Six equal calls of a moment say nothing of the next moment.
        #expect(!measured([Double](repeating: 0.001, count: 6)).isOver)
        let unsteady = measured((0..<100).map { $0 % 2 == 0 ? 1 : 1.2 })
        #expect(unsteady.isOver && unsteady.samples.count == 10)
        #expect(measured([11]).isOver)
    }

    /// A call of a microsecond cannot be timed by itself.
    @Test func briefCallsAreTimedTogether() {
        var measurement = Measurement(limit: 1, first: 0x1p-19)
        #expect(measurement.calls == 525)
        for _ in 0..<3 { measurement.add(525 * 3e-6) }
        #expect(measurement.runs == 3 * 525)
        #expect(abs(MedianInterval.median(measurement.samples) - 3e-6) < 1e-12)
    }
}
