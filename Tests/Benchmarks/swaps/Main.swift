import BenchmarkSupport
import Foundation
import Glibc

/// `swaps [SECTION…] [--quick]`: whether a daemon keeps what `etc/doc/swapping.md` promises.
///
/// Each section drives the release build of `vokend` over its socket, as a client would, and
/// prints for each expectation what was asked for and what was seen. Exit codes: 0 all
/// expectations hold, 1 one does not, 2 usage.
@main
enum Main {
    typealias Section = (name: String, run: @Sendable (Workbench) throws -> Void)

    static let sections: [Section] = [
        ("scheduler", schedulerSection),
        ("kinds", kindsSection),
        ("bad", badSection),
        ("twins", twinsSection),
        ("overwrite", overwriteSection),
        ("inflight", inflightSection),
        ("contract", contractSection),
        ("restart", restartSection),
        ("upgrade", upgradeSection),
    ]

    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        let names = words.filter { $0 != "--quick" }
        guard names.allSatisfy({ name in sections.contains { $0.name == name } }) else {
            print("usage: swaps [\(sections.map(\.name).joined(separator: " | "))]… [--quick]")
            exit(2)
        }
        signal(SIGPIPE, SIG_IGN)
        let report = Report()
        let bench = try Workbench(report, isQuick: words.contains("--quick"))
        report.note("\(ProcessInfo.processInfo.processorCount) cores, Linux \(kernel())")
        for section in sections where names.isEmpty || names.contains(section.name) {
            report.begin(section.name)
            do {
                try section.run(bench)
            } catch {
                report.expect(
                    "the section", asked: "runs to its end", seen: "\(error)", holds: false)
            }
            report.end()
        }
        report.summarise()
        bench.remove()
        exit(report.failures == 0 ? 0 : 1)
    }

    private static func kernel() -> String {
        let release = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
        return release?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "of an unknown release"
    }
}
