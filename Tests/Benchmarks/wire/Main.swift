import BenchmarkSupport
import Foundation
import Glibc

/// `wire [SECTION…] [--quick]`: how fast the socket is, beside Go's ttrpc in the same run.
///
/// Both ends are processes of their own. Rounds of all pairs of client and server take turns, so
/// that other work of the machine falls on all of them. Exit codes: 0 all expectations hold, 1 one
/// does not, 2 usage.
@main
enum Main {
    typealias Section = (name: String, run: @Sendable (Workbench) throws -> Void)

    static let sections: [Section] = [
        ("unary", unarySection),
        ("parallel", parallelSection),
        ("stream", streamSection),
    ]

    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        signal(SIGPIPE, SIG_IGN)
        // The other process of a section.
        if words.count == 2, words.first == "serve", let path = words.last {
            return try EventServer.serve(path)
        }
        let names = words.filter { $0 != "--quick" }
        guard names.allSatisfy({ name in sections.contains { $0.name == name } }) else {
            print("usage: wire [\(sections.map(\.name).joined(separator: " | "))]… [--quick]")
            exit(2)
        }
        let report = Report()
        let bench = try Workbench(report, isQuick: words.contains("--quick"))
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
}
