/// What an upgrade has come to: phases, and then one of the others.
public enum UpgradeProgress: Sendable, Equatable {
    /// A phase has been done.
    ///
    /// - Parameter detail: for people.
    case phase(UpgradePhase, detail: String, microseconds: Int)
    /// The new process serves; this one serves the connections that it has, and ends.
    case upgraded(pid: Int, version: String)
    /// There is no new process; this one serves as before.
    case failed(UpgradeFailure)
}

public enum UpgradePhase: String, Sendable {
    /// Whether the program may be started.
    case check
    /// It runs.
    case start
    /// It has loaded its stages, and serves.
    case ready
}

/// Why an upgrade was not done.
public struct UpgradeFailure: Error, Sendable, Equatable {
    public enum Code: String, Sendable {
        /// There is no executable file at the path.
        case notFound = "not_found"
        /// Others may write to the program or to a directory above it.
        case notTrusted = "not_trusted"
        /// The system did not start it.
        case startFailed = "start_failed"
        /// It ended before it served.
        case successorFailed = "successor_failed"
        /// It did not serve in time.
        case successorHung = "successor_hung"
        /// An upgrade is under way.
        case busy
        /// This process drains, or has been upgraded.
        case shuttingDown = "shutting_down"
    }
    /// The one that did not succeed.
    public let phase: UpgradePhase
    public let code: Code
    /// Names the thing and the remedy.
    public let message: String

    public init(_ phase: UpgradePhase, _ code: Code, _ message: String) {
        self.phase = phase
        self.code = code
        self.message = message
    }
}

/// How a server is upgraded.
public struct UpgradeSettings: Sendable {
    /// What is started if a request names no program: an absolute path.
    public var program: String
    /// Of the new process, without its name. The inherited descriptors are added.
    public var arguments: [String]
    /// So long a new process may take until it serves.
    public var limit = Duration.seconds(120)

    public init(program: String, arguments: [String]) {
        self.program = program
        self.arguments = arguments
    }
}
