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

    /// Numbers that are not finite are read where Python writes them, and nowhere else.
    @Test func readsPythonsNumbers() throws {
        func python(_ text: String) throws -> SettingValue {
            try JSON.parse(Array(text.utf8), as: .python)
        }
        #expect(
            try python("[Infinity, -Infinity, -1, 1e5]")
                == .array([.number(.infinity), .number(-.infinity), .integer(-1), .number(1e5)]))
        guard case .number(let number) = try python("NaN") else {
            Issue.record("no number")
            return
        }
        #expect(number.isNaN)
        for text in ["nan", "Inf", "+Infinity", "-NaN", "--Infinity", "Infinit", "Infinity1"] {
            #expect(throws: JSONError.self) { try python(text) }
            #expect(throws: JSONError.self) { try parse(text) }
        }
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

    @Test(
        arguments: [
            (.null, "null"), (.boolean(true), "true"), (5, "5"), (5.0, "5.0"), (-0.0, "-0.0"),
            (.integer(.min), "-9223372036854775808"), (.integer(.max), "9223372036854775807"),
            (.integer(9_007_199_254_740_993), "9007199254740993"), (0.1, "0.1"), (1e16, "1e+16"),
            (1e-7, "1e-07"), (.number(.leastNonzeroMagnitude), "5e-324"),
            (.number(.greatestFiniteMagnitude), "1.7976931348623157e+308"),
            (
                "\u{0}\u{1f}\"\\/\n\u{7f}\u{2028}\u{1f430}",
                #""\u0000\u001f\"\\/\n"# + "\u{7f}\u{2028}\u{1f430}\""
            ),
            (.array([]), "[]"), (.table([:]), "{}"),
            (.array([1, 1.0, "a", .array([.null])]), #"[1,1.0,"a",[null]]"#),
            (
                .table(["b": 2, "a": .table(["z\n": 0.5, "y": .array([true])]), "": "x"]),
                #"{"":"x","a":{"y":[true],"z\n":0.5},"b":2}"#
            ),
        ] as [(SettingValue, String)])
    func writesWhatItReads(value: SettingValue, text: String) throws {
        #expect(value.json == text)
        #expect(try parse(text) == value)
        // Equality does not tell the two zeros apart, their text does.
        #expect(try parse(text).json == text)
    }

    /// TOML has numbers that JSON has not: they are written as TOML's words.
    @Test func writesInfinitiesAsStrings() throws {
        let value = SettingValue.array([
            .number(.infinity), .number(-.infinity), .number(.nan), .number(.signalingNaN),
            .number(-Double(nan: 5, signaling: false)),
        ])
        #expect(value.json == #"["inf","-inf","nan","nan","nan"]"#)
        #expect(try parse(value.json) == .array(["inf", "-inf", "nan", "nan", "nan"]))
        #expect(value.literal == "[inf, -inf, nan, nan, nan]")
    }

    @Test func writesTheSameBytesForEqualTables() throws {
        let keys = (0..<100).map { "key \($0)" }
        let forward = Dictionary(uniqueKeysWithValues: keys.map { ($0, SettingValue.string($0)) })
        var backward: [String: SettingValue] = [:]
        for key in keys.reversed() { backward[key] = .string(key) }
        #expect(SettingValue.table(forward).json == SettingValue.table(backward).json)
        #expect(try parse(SettingValue.table(forward).json) == .table(forward))
    }

    /// Numbers of all magnitudes come back to the bit.
    @Test func writesNumbersExactly() throws {
        var generator = SplitMix(state: 11)
        for _ in 0..<2000 {
            let number = Double(bitPattern: generator.next())
            guard number.isFinite else { continue }
            guard case .number(let read) = try parse(SettingValue.number(number).json) else {
                Issue.record("\(number) came back as something else")
                continue
            }
            #expect(read.bitPattern == number.bitPattern)
        }
    }

    @Test func shortensTablesInMessages() {
        let value = SettingValue.array(["a\n", .table(["b": 1]), 2])
        #expect(value.literal == #"["a\n", {…}, 2]"#)
    }

    private func parse(_ text: String) throws -> SettingValue { try JSON.parse(Array(text.utf8)) }
}
