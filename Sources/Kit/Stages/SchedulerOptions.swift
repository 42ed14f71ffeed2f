public import Checkpoints

/// A scheduler's options by diffusers' names: from the stage's table in the pipeline file, else
/// from the `scheduler_config.json` (or `config.json`) of its model folder, else the default.
///
/// A key of the table that the scheduler does not read is an error, as in any stage. The file is
/// shared between algorithms, so keys there that concern another one are passed over.
public struct SchedulerOptions: Sendable {
    private let table: Settings
    private let file: Settings

    public init(_ context: StageContext) {
        table = context.settings
        file = context.model?.configuration ?? Settings([:])
    }

    private func source(_ key: String) -> Settings { table.value(key) == nil ? file : table }

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
    /// - Parameter key: an option of diffusers that must be absent or false.
    public func requireAbsent(_ key: String) throws(SettingError) {
        switch source(key).value(key) {
        case nil, .boolean(false): return
        default: throw source(key).error(key, "this option is not supported; remove it")
        }
    }
}
