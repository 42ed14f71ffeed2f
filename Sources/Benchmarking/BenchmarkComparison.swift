/// A run beside an earlier one.
public struct BenchmarkComparison {
    public struct Row: Sendable, Equatable {
        public let stage, type: String
        public let then, now: Double
        /// How many times as fast it is.
        public let ratio: Double
        public let verdict: Verdict
    }

    public enum Verdict: String, Sendable {
        case faster
        case slower
        /// Less than a few in a hundred, or within what the medians are known to.
        case same = ""
    }

    public let rows: [Row]
    /// Stages of this run that the earlier one has not measured in the same type.
    public let unmatched: [String]
    /// Why the two cannot be held against each other without thought.
    public let remarks: [String]

    /// What is not noise even if both medians are sure.
    static let least = 0.03

    public init(_ now: BenchmarkReport, then: BenchmarkReport) {
        var (rows, unmatched): ([Row], [String]) = ([], [])
        for result in now.results {
            guard
                let old = then.results.first(where: {
                    $0.stage == result.stage && $0.type == result.type
                        && $0.operations == result.operations
                })
            else {
                unmatched.append("\(result.stage) in \(result.type)")
                continue
            }
            rows.append(
                Row(
                    stage: result.stage, type: result.type, then: old.seconds, now: result.seconds,
                    ratio: old.seconds / result.seconds, verdict: Self.verdict(result, old)))
        }
        self.rows = rows
        self.unmatched = unmatched
        remarks = Self.remarks(now, then)
    }

    private static func verdict(_ now: BenchmarkResult, _ then: BenchmarkResult) -> Verdict {
        let (nowLow, nowHigh) = (now.low ?? now.seconds, now.high ?? now.seconds)
        let (thenLow, thenHigh) = (then.low ?? then.seconds, then.high ?? then.seconds)
        if nowLow > thenHigh, now.seconds > then.seconds * (1 + least) { return .slower }
        if nowHigh < thenLow, now.seconds * (1 + least) < then.seconds { return .faster }
        return .same
    }

    private static func remarks(_ now: BenchmarkReport, _ then: BenchmarkReport) -> [String] {
        var remarks: [String] = []
        for (what, old, new) in [
            ("model", then.source, now.source), ("CPU", then.cpu, now.cpu),
            ("kernels", then.arithmetic, now.arithmetic),
            ("number of threads", String(then.threads), String(now.threads)),
        ] where old != new {
            remarks.append("another \(what): \(old) then, \(new) now")
        }
        for difference in MachineRates.differences(then.rates, now.rates) {
            remarks.append("? " + difference)
        }
        return remarks
    }

    /// The cells of a table, titles first.
    public var table: [[String]] {
        [["STAGE", "TYPE", "THEN", "NOW", "SPEED", ""]]
            + rows.map { row in
                [
                    row.stage, row.type, BenchmarkTable.time(row.then),
                    BenchmarkTable.time(row.now),
                    BenchmarkTable.significant(row.ratio) + "x", row.verdict.rawValue,
                ]
            }
    }

    /// The machine, then and now.
    public static func machines(_ now: BenchmarkReport, _ then: BenchmarkReport) -> String {
        """
        then (\(then.date)) the machine gave \(BenchmarkTable.rates(then.rates))
        now it gives \(BenchmarkTable.rates(now.rates))
        """
    }
}
