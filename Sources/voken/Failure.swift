import Pipelines
import VokenClient
import Wire

/// Why a command ends without having done its work.
struct Failure: Error {
    let message: String
    let exitCode: Int32

    static func failed(_ message: String) -> Failure { Failure(message: message, exitCode: 1) }
    static func usage(_ message: String) -> Failure { Failure(message: message, exitCode: 2) }
    static func noDaemon(_ message: String) -> Failure { Failure(message: message, exitCode: 3) }
    static func cancelled(_ message: String) -> Failure { Failure(message: message, exitCode: 5) }
    static func late(_ message: String) -> Failure { Failure(message: message, exitCode: 6) }
    static func pipeline(_ message: String) -> Failure { Failure(message: message, exitCode: 7) }
}

extension Failure {
    /// A request that was refused or failed: a value that cannot be is wrong usage.
    init(_ error: RequestError) {
        let exitCode: Int32 =
            switch error.code {
            case .invalid, .tooLong: 2
            case .cancelled: 5
            case .deadlineExceeded: 6
            default: 1
            }
        self.init(message: withTime(error.message, error.retryAfter), exitCode: exitCode)
    }

    init(_ error: ClientError) {
        let exitCode: Int32 =
            switch (error.code, error.status?.code) {
            case (.noDaemon, _): 3
            case (_, .permissionDenied), (_, .unauthenticated): 4
            case (_, .cancelled): 5
            case (.timedOut, _), (_, .deadlineExceeded): 6
            default: 1
            }
        self.init(message: withTime(error.message, error.retryAfter), exitCode: exitCode)
    }
}

/// A message with when to try again, if there is any.
private func withTime(_ message: String, _ retryAfter: Duration?) -> String {
    guard let retryAfter else { return message }
    return "\(message); try again in \(max(1, Int((retryAfter / .seconds(1)).rounded(.up)))) s"
}

/// Turns what a client throws into how the command ends.
func asking<Reply>(_ ask: () throws -> Reply) throws -> Reply {
    do {
        return try ask()
    } catch let error as ClientError {
        throw Failure(error)
    }
}
