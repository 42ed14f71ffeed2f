import Benchmarking
import Stories

/// The loop of `voken bench --on-demand`: somebody else says when to work, as scripts do that measure
/// several programs in turns.
func answerDemands(_ benchmark: Benchmark, _ item: BenchmarkItem) throws {
    try benchmark.calls(of: item) { seconds in
        Stories.write(seconds.map { "\($0)\n" } ?? "ready\n", to: 1)
        while let line = readLine() {
            let parts = line.split(separator: " ")
            switch (parts.first, parts.count) {
            case ("repeat", 1): return 1
            case ("repeat", 2):
                if let count = Int(parts[1]), (1...1_000_000).contains(count) { return count }
                complain(of: line)
            case ("probe", 1): Stories.write(Stories.json(try benchmark.rates()) + "\n", to: 1)
            case ("quit", 1): return 0
            default: complain(of: line)
            }
        }
        return 0
    }
}

private func complain(of line: String) {
    Stories.write("\"\(line)\" is none of repeat N, probe, quit\n", to: 2)
}
