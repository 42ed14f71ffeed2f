public import Checkpoints

/// A scheduler's options by diffusers' names: from the stage's table in the pipeline file, else
/// from the `scheduler_config.json` (or `config.json`) of its model folder, else the default.
///
/// A key of the table that the scheduler does not read is an error, as in any stage. The file is
/// shared between algorithms, so keys there that concern another one are passed over.
public struct SchedulerOptions: Sendable {
    private let table: Settings
    private let file: Settings
    private let log: @Sendable (String) -> Void

    public init(_ context: StageContext) {
        table = context.settings
        file = context.model?.configuration ?? Settings([:])
        log = context.log
    }

    /// The file if it alone has the key, else the table.
    private func source(_ key: String) -> Settings {
        // Both are asked, so that both know the key.
        let (inTable, inFile) = (table.value(key), file.value(key))
        return inTable == nil && inFile != nil ? file : table
    }

    /// Whether anybody set the option.
    public func has(_ key: String) -> Bool {
        table.note(key, default: nil)
        return source(key).value(key) != nil
    }

    public func integer(
        _ key: String, default fallback: Int, in range: ClosedRange<Int>
    ) throws(SettingError) -> Int {
        try source(key).integer(key, default: fallback, in: range)
    }

    public func number(
        _ key: String, default fallback: Double, in range: ClosedRange<Double>
    ) throws(SettingError) -> Double {
        try source(key).number(key, default: fallback, in: range)
    }

    public func boolean(_ key: String, default fallback: Bool) throws(SettingError) -> Bool {
        try source(key).boolean(key, default: fallback)
    }

    /// A list of numbers; `nil` if nobody set it.
    public func numbers(
        _ key: String, in range: ClosedRange<Double>, atLeast least: Int = 1, atMost limit: Int
    ) throws(SettingError) -> [Double]? {
        table.note(key, default: nil)
        let source = source(key)
        guard let value = source.value(key) else { return nil }
        guard case .array(let elements) = value else {
            throw source.error(key, "expected an array of numbers, found \(value.kind)")
        }
        guard (least...limit).contains(elements.count) else {
            throw source.error(key, "\(elements.count) numbers, expected \(least) to \(limit)")
        }
        var numbers: [Double] = []
        for element in elements {
            let number: Double
            switch element {
            case .integer(let integer): number = Double(integer)
            case .number(let found): number = found
            default: throw source.error(key, "expected numbers, found \(element.kind)")
            }
            guard range.contains(number) else {
                throw source.error(
                    key, "\(number) is outside \(range.lowerBound)...\(range.upperBound)")
            }
            numbers.append(number)
        }
        return numbers
    }

    /// Whether an option is this word, for one that may be a word or something else.
    public func isWord(_ key: String, _ word: String) -> Bool {
        table.note(key, default: nil)
        return source(key).value(key) == .string(word)
    }

    /// - Parameter supported: the cases that the algorithm can do.
    public func choice<Choice>(
        _ key: String, default fallback: Choice, among supported: [Choice] = Array(Choice.allCases)
    ) throws(SettingError) -> Choice
    where Choice: RawRepresentable & CaseIterable & Equatable, Choice.RawValue == String {
        let choice = try source(key).choice(key, default: fallback)
        guard supported.contains(choice) else {
            let known = supported.map(\.rawValue).joined(separator: ", ")
            throw source(key).error(
                key, "this scheduler cannot do \"\(choice.rawValue)\"; it can do \(known)")
        }
        return choice
    }

    /// Refuses what would change the pictures and is not implemented.
    /// - Parameters:
    ///   - key: an option of diffusers.
    ///   - usual: the value, besides none and `false`, that changes nothing.
    public func requireAbsent(_ key: String, or usual: SettingValue? = nil) throws(SettingError) {
        switch source(key).value(key) {
        case nil, .boolean(false): return
        case let value? where value == usual: return
        default: throw source(key).error(key, "this option is not supported; remove it")
        }
    }

    /// Options that diffusers' class has and its algorithm does not look at: known, and told of if
    /// they are set.
    public func passOver(_ keys: String...) {
        for key in keys {
            switch source(key).value(key) {
            case nil, .boolean(false): continue
            default: log("\(key) changes nothing with this scheduler")
            }
        }
    }

    /// The options of rectified-flow models, which are other models than ours.
    public func requireNoFlow() throws(SettingError) {
        try requireAbsent("use_flow_sigmas")
        try requireAbsent("use_dynamic_shifting")
        if source("flow_shift").value("flow_shift") != nil {
            _ = try number("flow_shift", default: 1, in: 0...1e6)
        }
        try requireAbsent("time_shift_type", or: "exponential")
    }

    /// Tells the host's log.
    public func warn(_ message: String) { log(message) }

    public func error(_ key: String, _ message: String) -> SettingError {
        source(key).error(key, message)
    }
}
