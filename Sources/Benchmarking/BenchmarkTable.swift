/// Results for people.
public enum BenchmarkTable {
    public static func header(_ report: BenchmarkReport) -> String {
        """
        \(report.source) on \(report.cpu), \(report.threads) threads, \(report.arithmetic) kernels
        the machine gives \(rates(report.rates))
        """
    }

    static func rates(_ rates: MachineRates) -> String {
        var parts = ["f32 \(significant(rates.float32))"]
        if let bfloat16 = rates.bfloat16 { parts.append("bf16 \(significant(bfloat16))") }
        if let int8 = rates.int8 { parts.append("int8 \(significant(int8))") }
        return parts.joined(separator: ", ") + " GFLOP/s; reads \(significant(rates.read)) GB/s"
    }

    /// The cells of the table, a row a line, titles first.
    public static func rows(_ results: [BenchmarkResult]) -> [[String]] {
        let titles = [
            "STAGE", "TYPE", "MEDIAN", "±", "RUNS", "RATE", "WORK", "GFLOP/S", "OF PEAK", "GB/S",
            "OF READ", "MEMORY", "FAULTS",
        ]
        return [titles]
            + results.map { result in
                [
                    result.stage + (result.isReliable ? "" : " ?"), result.type,
                    time(result.seconds), spread(result), String(result.runs),
                    significant(result.items / result.seconds) + " \(result.unit)/s",
                    result.operations.map { significant($0 / 1e9) + " GFLOP" } ?? "-",
                    result.operationRate.map { significant($0 / 1e9) } ?? "-",
                    result.operationShare.map(percent) ?? "-",
                    result.readRate.map { significant($0 / 1e9) } ?? "-",
                    result.readShare.map(percent) ?? "-",
                    memory(result.peakResident),
                    significant(result.minorFaults)
                        + (result.majorFaults > 0 ? "+\(significant(result.majorFaults))" : ""),
                ]
            }
    }

    /// What is to be said about the figures.
    public static func remarks(_ report: BenchmarkReport) -> [String] {
        var remarks: [String] = []
        for result in report.results {
            for doubt in result.doubts { remarks.append("? \(result.stage): \(doubt)") }
            if !result.isStable {
                remarks.append(
                    result.low == nil
                        ? "\(result.stage): \(result.runs) run\(result.runs == 1 ? "" : "s") in the "
                            + "time limit, too few to tell how far the median can be trusted"
                        : "\(result.stage): the median is not stable within the time limit")
            }
        }
        if report.isInterrupted { remarks.append("interrupted: this is what was measured") }
        return remarks
    }

    private static func spread(_ result: BenchmarkResult) -> String {
        guard let low = result.low, let high = result.high else { return "-" }
        return significant((high - low) / 2 / result.seconds * 100, digits: 2) + " %"
    }

    private static func memory(_ bytes: Int) -> String {
        bytes >= 1 << 30 ? gibibytes(Double(bytes)) : "\(bytes >> 20) MiB"
    }

    static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

    static func time(_ seconds: Double) -> String {
        seconds >= 1
            ? significant(seconds, digits: 4) + " s"
            : seconds >= 1e-3
                ? significant(seconds * 1e3, digits: 4) + " ms"
                : significant(seconds * 1e6, digits: 4) + " µs"
    }

    /// A number of so many digits, or all digits before the point.
    static func significant(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite else { return "-" }
        var (decimals, limit) = (digits - 1, 10.0)
        while decimals > 0, abs(value) >= limit {
            decimals -= 1
            limit *= 10
        }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let rounded = Int((abs(value) * scale).rounded())
        let (whole, rest) = (rounded / Int(scale), rounded % Int(scale))
        let sign = value < 0 && rounded > 0 ? "-" : ""
        guard decimals > 0 else { return sign + String(whole) }
        let fraction = String(rest)
        return sign + "\(whole)." + String(repeating: "0", count: decimals - fraction.count)
            + fraction
    }
}
