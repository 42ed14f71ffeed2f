import Foundation

/// What is printed: expectations, each with a verdict, and figures that are only reported.
public final class Report {
    public private(set) var failures = 0
    private var expectations = 0
    private var section = ""
    private var began = ContinuousClock.now

    public init() {}

    public func begin(_ section: String) {
        self.section = section
        began = .now
        note("\n\(section)")
    }

    public func end() {
        note("      \(section) took \(number((ContinuousClock.now - began) / .seconds(1))) s")
    }

    public func note(_ line: String) {
        // Unbuffered, whatever reads it: a section takes minutes.
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    public func expect(_ what: String, asked: String, seen: String, holds: Bool) {
        expectations += 1
        if !holds { failures += 1 }
        note("\(holds ? "PASS" : "FAIL")  \(what): asked for \(asked); seen: \(seen)")
    }

    /// An expectation of one value.
    public func expect<Value: Equatable>(_ what: String, _ asked: Value, seen: Value) {
        expect(what, asked: "\(asked)", seen: "\(seen)", holds: asked == seen)
    }

    /// A measurement without a bound.
    public func figure(_ what: String, _ seen: String) { note("      \(what): \(seen)") }

    /// What cannot be tried here.
    public func skip(_ what: String, _ reason: String) { note("SKIP  \(what): \(reason)") }

    public func summarise() {
        note("\n\(expectations) expectations, \(failures) of them do not hold")
    }
}

/// Three significant digits or so, as people read them.
public func number(_ value: Double) -> String {
    let digits = abs(value) < 10 ? 2 : abs(value) < 100 ? 1 : 0
    return String(format: "%.\(digits)f", value)
}

public func kibibytes(_ bytes: Double) -> String { number(bytes / 1024) + " KiB" }
public func kibibytes(_ bytes: Int) -> String { kibibytes(Double(bytes)) }

/// A list cut short, for a line.
public func listing(_ texts: [String], limit: Int = 3) -> String {
    let more = texts.count > limit ? ", … (\(texts.count))" : ""
    return texts.prefix(limit).joined(separator: ", ") + more
}

/// A count of what went wrong, with examples.
public func faulty(_ count: String, _ faults: [String]) -> String {
    faults.isEmpty ? count : "\(count): \(listing(faults))"
}
