import Checkpoints
import Testing

struct JSONTests {
    @Test(
        arguments: [
            ("null", .null), (" true\n", .boolean(true)), ("false", .boolean(false)),
            ("0", .integer(0)), ("-12", .integer(-12)), ("-0", .number(-0.0)),
            ("9007199254740993", .integer(9_007_199_254_740_993)),
            ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
            ("1e-5", .number(1e-5)), ("1.50E+2", .number(150)), ("0.1", .number(0.1)),
            ("[]", .array([])), ("{}", .table([:])),
            (
                "[1,[2],{\"a\":[]}]",
                .array([.integer(1), .array([.integer(2)]), .table(["a": .array([])])])
            ),
            ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", .string("\"\\/\u{8}\u{c}\n\r\t\u{e9}")),
            ("\"\\ud83d\\udc30 \u{1f430}\"", .string("\u{1f430} \u{1f430}")),
            ("{\"a\" : 1 ,\t\"b\":null}", .table(["a": .integer(1), "b": .null])),
        ] as [(String, SettingValue)])
    func reads(text: String, value: SettingValue) throws {
        #expect(try parse(text) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "truex", "01", "+1", "1.", ".5", "1e", "1e+", "--1", "-", "0x10", "NaN",
        "Infinity", "-Infinity", "1e999", "[1,]", "[1 2]", "[", "{", "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}", "{a:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "\"", "\"\\x\"",
        "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"a\nb\"", "1 2",
        "\u{feff}1",
        "// note\n1", "'a'",
    ])
    func refuses(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test func refusesWhatIsNotUTF8() {
        #expect(throws: JSONError.self) { try JSON.parse([0x22, 0xff, 0x22]) }
        #expect(throws: JSONError.self) { try JSON.parse([0x22, 0xc0, 0x80, 0x22]) }
    }

    @Test func limitsDepth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try parse(nested(JSON.maximumDepth)) }
        #expect(throws: JSONError.self) { try parse(nested(JSON.maximumDepth + 2)) }
        #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
    }

    @Test func namesThePlace() {
        #expect {
            try parse("{\n  \"a\": 1,\n  \"a\": 2\n}")
        } throws: { error in
            guard let error = error as? JSONError else { return false }
            return error.line == 3 && error.column == 3
                && error.description == "line 3, column 3: key \"a\" is here twice"
        }
    }

    @Test func quotesWhatItReads() throws {
        for text in ["", "plain", "\"quoted\" \\ / \n\r\t\u{1}\u{1f}", "caf\u{e9} \u{1f430}"] {
            #expect(try parse(JSON.quoted(text)) == .string(text))
        }
    }

    private func parse(_ text: String) throws -> SettingValue { try JSON.parse(Array(text.utf8)) }
}
