import BenchmarkSupport
import Foundation
import Glibc

/// `crowds [SECTION…] [--quick]`: whether a daemon stands what many clients, or bad ones, do to it.
///
/// Each section drives the release build of `vokend` over its socket, and prints for each
/// expectation what was asked for and what was seen. Exit codes: 0 all expectations hold, 1 one
/// does not, 2 usage.
@main
enum Main {
    typealias Section = (name: String, run: @Sendable (Workbench) throws -> Void)

    static let sections: [Section] = [
        ("connections", connectionsSection),
        ("refusals", refusalsSection),
        ("killed", killedSection),
        ("hostile", hostileSection),
    ]

    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        // This very program, as a client that is to be killed.
        if words.first == "victim", words.count == 3 { runVictim(words[1], words[2]) }
        let names = words.filter { $0 != "--quick" }
        guard names.allSatisfy({ name in sections.contains { $0.name == name } }) else {
            print("usage: crowds [\(sections.map(\.name).joined(separator: " | "))]… [--quick]")
            exit(2)
        }
        signal(SIGPIPE, SIG_IGN)
        allowManyDescriptors()
        let report = Report()
        let bench = try Workbench(report, isQuick: words.contains("--quick"))
        report.note("\(ProcessInfo.processInfo.processorCount) cores")
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

    private static func allowManyDescriptors() {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
