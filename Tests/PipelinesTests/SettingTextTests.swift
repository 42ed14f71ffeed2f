import Checkpoints
import Testing

@testable import Pipelines

/// What is written as TOML is read as the same.
@Suite struct SettingTextTests {
    @Test(
        arguments: [
            .string(""), .string("a \"b\" \\ c\n\t\r'''\u{1}\u{7F}\u{85}é\u{1F98A}"),
            .integer(.min), .integer(7), .number(5), .number(-0.0), .number(1e300), .number(1e-300),
            .number(.infinity), .number(-.infinity), .boolean(false), .array([]),
            .array([.integer(1), .array([.string("x")]), .table(["y": .number(1.5)])]), .table([:]),
            .table(["a b": .integer(1), "": .boolean(true), "ü.": .table(["c-d_E9": .string("z")])]
            ),
        ] as [SettingValue])
    func roundTrips(_ value: SettingValue) throws {
        let text = tomlLines(["value": value]).joined(separator: "\n")
        #expect(try parseTOML(text, file: "test") == ["value": value], "\(text)")
    }

    @Test func noNumberStaysNone() throws {
        let value = try parseTOML(tomlLines(["x": .number(.nan)])[0], file: "test")["x"]
        guard case .number(let number) = value else {
            Issue.record("\(value as Any)")
            return
        }
        #expect(number.isNaN)
    }

    @Test func linesAreSortedAndNothingIsLeftOut() {
        #expect(
            tomlLines(["b": .integer(1), "a": .string("x"), "c": .null]) == [
                "a = \"x\"", "b = 1",
            ])
    }

    @Test func optionsAreAJSONObject() throws {
        let options: [String: SettingValue] = ["eta": .number(0.5), "ü": .array([.integer(1)])]
        #expect(try parseOptions(optionsText(options)) == options)
        #expect(try parseOptions("").isEmpty && optionsText([:]).isEmpty)
        for (text, mentioned) in [
            ("[1]", "expected a JSON object, found an array"), ("{\"a\": ", "options"),
            ("{\"a\": \"" + String(repeating: "x", count: 1 << 16) + "\"}", "limit is 65536"),
        ] {
            let error = #expect(throws: SettingError.self) { _ = try parseOptions(text) }
            #expect(error?.description.contains(mentioned) == true, "\(error as Any)")
        }
    }
}
