import Foundation
import Testing

/// `etc/doc/schedulers.md` says what the programs do.
@Suite struct SchedulerGuideTests {
    private struct List: Decodable {
        struct Entry: Decodable {
            let name: String
            let aliases: [String]
        }

        let schedulers: [Entry]
    }

    private struct Explanation: Decodable {
        struct Option: Decodable {}

        let options: [String: Option]
    }

    private let text: String
    private let schedulers: [List.Entry]

    init() throws {
        text = try String(
            contentsOf: Program.root.appending(path: "etc/doc/schedulers.md"), encoding: .utf8)
        let list: List = try Self.json("list")
        schedulers = list.schedulers.filter { $0.name != "echo" }
    }

    private static func json<Value: Decodable>(_ arguments: String...) throws -> Value {
        let result = try Program.run("voken", ["schedulers"] + arguments + ["--json"])
        try #require(result.status == 0, "\(result.errors)")
        return try JSONDecoder().decode(Value.self, from: Data(result.output.utf8))
    }

    /// The cells of the table rows that begin with some code.
    private func rows(_ code: String) -> [[String]] {
        text.split(separator: "\n").filter { $0.hasPrefix("| `\(code)` |") }
            .map { line in
                line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            }
    }

    @Test func tellsEveryName() throws {
        for scheduler in schedulers {
            let row = try #require(rows(scheduler.name).first, "\(scheduler.name)")
            for alias in scheduler.aliases {
                #expect(row.joined(separator: ",").contains(alias), "\(scheduler.name): \(alias)")
            }
        }
    }

    @Test func tellsWhichAlgorithmReadsWhichOption() throws {
        var readers: [String: Set<String>] = [:]
        for scheduler in schedulers {
            let explained: Explanation = try Self.json("explain", scheduler.name)
            for option in explained.options.keys {
                readers[option, default: []].insert(scheduler.name)
            }
        }
        let names = Set(schedulers.map(\.name))
        for (option, actual) in readers {
            let row = try #require(rows(option).first, "\(option)")
            let cell = row[2]
            let named = Set(cell.matches(of: #/`([a-z0-9_]+)`/#).map { String($0.1) })
            let told = cell.hasPrefix("all") ? names.subtracting(named) : named
            #expect(told == actual, "\(option)")
        }
    }

    /// What follows a command in the guide is what it prints, but for where plugins lie.
    @Test func examplesAreReal() throws {
        let blocks = text.matches(of: #/(?ms)^```console\n\$ voken (.*?)\n(.*?)^```$/#)
        #expect(blocks.count == 2)
        for block in blocks {
            var arguments: [String] = []
            for (index, part) in block.1.split(separator: "\"").enumerated() {
                arguments +=
                    index == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
            }
            let result = try Program.run("voken", arguments)
            let printed = result.output.replacing(#/(?m)^/.*\/(lib.*\.so)$/#) { "…/\($0.1)" }
            #expect(printed == block.2, "\(arguments)")
        }
    }
}
