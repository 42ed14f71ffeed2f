import Checkpoints
import Testing

@testable import Pipelines

/// TOML 1.0, section by section, and what is no TOML.
@Suite struct TOMLTests {
    private func parse(_ text: String) throws(PipelineError) -> [String: SettingValue] {
        try parseTOML(text, file: "test.toml")
    }

    @Test(
        arguments: [
            ("a = 1", ["a": 1]), ("\u{FEFF}a=1#c\r\n", ["a": 1]), ("\"\" = 1", ["": 1]),
            ("1.2 = true", ["1": .table(["2": true])]),
            ("a . \"b.c\" . 'd' = 0", ["a": .table(["b.c": .table(["d": 0])])]),
            ("a = +1_000", ["a": 1000]), ("a = -0", ["a": 0]),
            ("a = 0xdead_BEEF", ["a": 0xdead_beef]),
            ("a = 0o17", ["a": 15]), ("a = 0b101", ["a": 5]),
            ("a = -9223372036854775808", ["a": .integer(.min)]),
            ("a = 1e3", ["a": 1000.0]), ("a = -0.5E-0_1", ["a": .number(-0.05)]),
            ("a = 6.626e+02", ["a": 662.6]), ("a = -inf", ["a": .number(-.infinity)]),
            ("a = \"\\u00e9\\U0001F430\\\"\\t\"", ["a": "é🐰\"\t"]), ("a = 'C:\\x'", ["a": "C:\\x"]),
            ("a = \"\"\"\nx\\\n  \r\n  y\"\"\"\"\"", ["a": "xy\"\""]),
            ("a = '''\r\nx\r\ny'''", ["a": "x\ny"]), ("a = ''''x'''''", ["a": "'x''"]),
            ("a = [1, [ ], # c\n 'x',\n]", ["a": .array([1, .array([]), "x"])]),
            ("a = { b.c = 1, d = {} }", ["a": .table(["b": .table(["c": 1]), "d": .table([:])])]),
            ("[a.b]\nc = 1\n[a]\nd = 2", ["a": .table(["b": .table(["c": 1]), "d": 2])]),
            (
                "[[a]]\nb = 1\n[[a]]\n[a.c]\nd=1",
                [
                    "a": .array([.table(["b": 1]), .table(["c": .table(["d": 1])])])
                ]
            ),
            (
                "[a]\nb.c = 1\nb.d = 2\n[a.b.e]",
                [
                    "a": .table(["b": .table(["c": 1, "d": 2, "e": .table([:])])])
                ]
            ),
        ] as [(String, [String: SettingValue])])
    func reads(text: String, values: [String: SettingValue]) throws {
        #expect(try parse(text) == values)
    }

    @Test(arguments: [
        "[.a]", "[a.]", "[]", "[a", "[a]]", "[[a]", "[a] b = 1", "a", "a =", "= 1", "a = 1 b = 2",
        "a = 1\ra = 2", "é = 1", "a = \"x", "a = \"x\ny\"", "a = \"\\x41\"", "a = \"\\ud800\"",
        "a = \"\\u12\"", "a = \"\u{1}\"", "a = '\u{7f}'", "# \u{0}", "a = \"\"\"x", "a = [1 2]",
        "a = [1", "a = { b = 1,", "a = { b = 1,\n c = 2 }", "a = { b = 1, }", "a = 01", "a = 1__0",
        "a = _1", "a = 1_", "a = .5", "a = 1.", "a = 1.e2", "a = 1e", "a = 0x", "a = +0x1",
        "a = 0xg", "a = 9223372036854775808", "a = 1e999", "a = yes", "a = True", "a = ++1",
    ])
    func refuses(text: String) {
        #expect { try parse(text) } throws: { ($0 as? PipelineError)?.code == .syntax }
    }

    @Test(arguments: [
        "a = 1\na = 2", "a.b = 1\na = 2", "a = 1\na.b = 2", "[a]\n[a]", "a.b = 1\n[a]",
        "[a.b]\n[a]\nb.c = 1", "a = {}\n[a.b]", "a = { b = 1, b = 2 }", "a = []\n[[a]]",
        "[[a]]\n[a]", "[a]\n[[a]]", "a = { b = 1 }\na.c = 2", "[a.b]\n[[a]]",
    ])
    func refusesToSayAKeyTwice(text: String) {
        #expect { try parse(text) } throws: { error in
            ((error as? PipelineError)?.message.contains("already") ?? false)
                || "\(error)".contains("twice")
        }
    }

    @Test func datesAreNoSettings() {
        for date in ["1979-05-27", "07:32:00", "1979-05-27T07:32:00Z"] {
            #expect { try parse("a = \(date)") } throws: {
                ($0 as? PipelineError)?.code == .badSetting
            }
        }
    }

    @Test func namesLineAndColumn() {
        #expect { try parse("a = 1\nbc = 'x' y\n") } throws: { error in
            "\(error)" == "test.toml:2: column 10: expected the end of the line"
        }
    }

    /// Under a long header, each short key has a long name.
    @Test func keysAreBounded() throws {
        let key = String(repeating: "k", count: 500)
        #expect(try parse("[\(key)]\na.\(key) = 1").count == 1)
        for text in ["[\(key)\(key)]", "[\(key).\(key)]", "\"\(key)\".\"\(key)\" = 1"] {
            #expect { try parse(text) } throws: { "\($0)".contains("over 512 bytes") }
        }
    }

    /// Half a megabyte of it would otherwise take the stack, or hours.
    @Test(arguments: ["a.", "[", "{a="]) func depthIsBounded(nesting: String) {
        let text = String(repeating: nesting, count: 1 << 18)
        for text in ["[\(text)a]", "a = \(text)", "\(text)a = 1"] {
            #expect(throws: PipelineError.self) { try parse(text) }
        }
    }
}
