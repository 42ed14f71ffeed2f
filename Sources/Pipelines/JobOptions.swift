import Checkpoints

/// What is kept of jobs that have ended, for those who watch them later: the table `[jobs]`.
public struct JobOptions: Sendable, Equatable {
    /// How many.
    public let kept: Int
    /// Bytes of their events, pictures included.
    public let keptBytes: Int
    public let keptTime: Duration
    /// Whether jobs go on without their clients that do not say whether they should.
    public let areDetached: Bool

    /// What a pipeline file means that does not say.
    public static let standard = JobOptions(
        kept: 256, keptBytes: 64 << 20, keptTime: .seconds(600), areDetached: false)

    public init(kept: Int, keptBytes: Int, keptTime: Duration, areDetached: Bool) {
        self.kept = kept
        self.keptBytes = keptBytes
        self.keptTime = keptTime
        self.areDetached = areDetached
    }

    enum OnDisconnect: String, CaseIterable {
        case cancel, detach
    }

    init(_ table: Settings) throws(SettingError) {
        let standard = JobOptions.standard
        kept = try table.integer("keep", default: standard.kept, in: 0...100_000)
        keptBytes = try table.integer("keep_bytes", default: standard.keptBytes, in: 0...1 << 40)
        keptTime = .seconds(try table.integer("keep_s", default: 600, in: 0...604_800))
        areDetached = try table.choice("on_disconnect", default: OnDisconnect.cancel) == .detach
    }
}
