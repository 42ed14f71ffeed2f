public import Stages

/// A stage to be made: which one, and from what.
public struct StageOrder: Sendable {
    public var kind: StageKind
    /// A ``PluginReference``.
    public var plugin: String
    public var context: StageContext
    /// Settings that the stage need not know: see `Settings/requireAllRead(except:)`.
    public var tolerated: Set<String>

    public init(
        _ kind: StageKind, plugin: String, _ context: StageContext, tolerated: Set<String> = []
    ) {
        self.kind = kind
        self.plugin = plugin
        self.context = context
        self.tolerated = tolerated
    }

    var reference: PluginReference { PluginReference(plugin) }
    var isFile: Bool { reference.file != nil }
}

/// How far a plugin is trusted before its stage is handed out.
public struct LoadChecks: Sendable, Equatable {
    /// What a child process does first.
    public enum Probing: String, Sendable, CaseIterable {
        /// Nothing.
        case none
        /// Maps the plugin and asks it what it offers.
        case load
        /// Makes the very stage that is asked for, and runs its checks.
        case construct
    }

    public var probing: Probing
    /// Whether `StageChecks` are run on the stage in this process.
    public var selfTest: Bool

    public init(probing: Probing, selfTest: Bool) {
        self.probing = probing
        self.selfTest = selfTest
    }

    /// For a program that starts, and serves nobody yet.
    public static let none = LoadChecks(probing: .none, selfTest: false)
    /// For a program that must not be taken down.
    public static let full = LoadChecks(probing: .construct, selfTest: true)
}

/// What is done to make a stage, in order.
public enum LoadPhase: String, Sendable, CaseIterable {
    /// Finds and checks the file.
    case file
    /// Writes the private copy.
    case copy
    case probe
    /// Maps the copy and asks its entry point what it offers.
    case load
    case construct
    case selfTest = "self_test"
}

/// News of a stage that is being made.
public enum LoadEvent: Sendable {
    case began(LoadPhase)
    case done(LoadPhase, detail: String, Duration)
}

/// Times phases and tells of them.
struct LoadReport {
    let tell: (LoadEvent) -> Void

    func perform<Value>(
        _ phase: LoadPhase, _ body: () throws(PluginError) -> (Value, detail: String)
    ) throws(PluginError) -> Value {
        tell(.began(phase))
        let start = ContinuousClock.now
        let (value, detail) = try body()
        tell(.done(phase, detail: detail, ContinuousClock.now - start))
        return value
    }
}
