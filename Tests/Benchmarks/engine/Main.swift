import Foundation
import Pipelines
import Synchronization

/// `engine [CHECKOUT]`: what it brings to run several jobs of the pocket model at a time, to batch
/// calls of the UNet, and to keep a conversation's cache; from the release build of a checkout (by
/// default the one around this package).
@main
enum Main {
    static func main() throws {
        let here = FileManager.default.currentDirectoryPath
        let checkout = CommandLine.arguments.dropFirst().first ?? here + "/../.."
        let bench = try Bench(checkout: checkout)
        print("8 stories of 2 scenes, 10 steps                 jobs/s    UNet calls   LM calls")
        let stories = [(1, 2), (2, 2), (2, 4), (4, 2), (4, 4), (4, 8), (8, 2), (8, 8)].map {
            Bench.Case.stories(concurrency: $0, unetBatch: $1)
        }
        try show(stories, bench)
        print("8 texts, with a one-step picture first")
        try show([1, 2, 4, 8].map { Bench.Case.texts(concurrency: $0) }, bench)
        print(
            "10,000 submissions while another job runs        µs each, the first thousand, the last"
        )
        let (first, last) = try bench.submissions()
        print("".padded(46) + String(format: "%22.0f %10.0f", first, last))
        print("a turn after 7 others, to its first text              ms    positions reused")
        for (name, bytes) in [("without a cache", 0), ("with", 512 << 20)] {
            let (milliseconds, reused) = try bench.turn(cacheBytes: bytes)
            print(name.padded(46) + String(format: "%8.1f %12d", milliseconds, reused))
        }
    }

    private static func show(_ cases: [Bench.Case], _ bench: Bench) throws {
        for (one, result) in zip(cases, try bench.best(of: cases)) {
            print(
                one.name.padded(46)
                    + String(
                        format: "%8.2f %12d %10d", result.jobsPerSecond, result.unetCalls,
                        result.modelCalls))
        }
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String {
        padding(toLength: width, withPad: " ", startingAt: 0)
    }
}
