import Checkpoints

/// Who may do what, as the pipeline file names them: `uids` of the table `[swap]`, and the table
/// `[access]`.
public struct AccessOptions: Sendable, Equatable {
    /// Who may swap, upgrade, stop, and see what others do.
    public let administer: [String]
    /// Who may generate.
    public let generate: [String]

    init(swap: Settings, access: Settings) throws(SettingError) {
        administer = try Self.entries(swap, "uids")
        generate = try Self.entries(access, "generate")
    }

    private static func entries(_ table: Settings, _ key: String) throws(SettingError) -> [String] {
        let entries = try table.strings(key, default: ["@owner"])
        guard entries.count <= 1000 else {
            throw table.error(key, "\(entries.count) entries; the limit is 1000: name a group")
        }
        return entries
    }
}

/// How much a daemon holds for all its callers: of the table `[limits]`.
public struct ServiceLimits: Sendable, Equatable {
    /// At a time.
    public let connections: Int
    /// Of each user but the daemon's own and root.
    public let connectionsPerUser: Int
    /// That wait to be written, on all connections together.
    public let outputBytes: Int

    init(_ table: Settings) throws(SettingError) {
        connections = try table.integer("connections", default: 512, in: 1...100_000)
        connectionsPerUser = try table.integer(
            "connections_per_user", default: 256, in: 1...100_000)
        outputBytes = try table.integer(
            "output_bytes", default: 512 << 20, in: 8 << 20...1 << 40)
    }
}
