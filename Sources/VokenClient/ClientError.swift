internal import EventLoop
public import Wire

/// A call that did not succeed.
public struct ClientError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// Nobody listens at the path: there is no daemon, or not yet.
        case noDaemon
        /// The daemon has too many callers waiting.
        case busy
        /// The connection could not be made, or has been lost.
        case disconnected
        /// The request does not fit a frame of 4 MiB: send fewer or smaller images.
        case tooLarge
        /// No answer in time.
        case timedOut
        /// The daemon has answered with an error: see ``ClientError/status``.
        case refused
        /// The daemon has answered something that is not an answer.
        case malformed
    }
    public let code: Code
    public let message: String
    /// What the daemon answered, for ``Code/refused``.
    public let status: Wire.Status?

    init(_ code: Code, _ message: String, status: Wire.Status? = nil) {
        self.code = code
        self.message = message
        self.status = status
    }

    init(_ status: Wire.Status) {
        self.init(.refused, status.description, status: status)
    }

    init(_ error: WireError) {
        switch error.code {
        case .tooLarge: self.init(.tooLarge, error.message)
        case .malformed: self.init(.malformed, error.message)
        case .exhausted: self.init(.disconnected, error.message)
        }
    }

    init(_ error: EventLoopError) {
        switch error.code {
        case .noListener: self.init(.noDaemon, error.message)
        case .busy: self.init(.busy, error.message)
        default: self.init(.disconnected, error.message)
        }
    }

    /// Why, for programs, if the daemon has said so: `queue_full`, … as in `etc/doc/protocol.md`.
    public var reason: String? { status?.reason }

    /// When the same request may succeed, if the daemon has said so.
    public var retryAfter: Duration? { status?.retryAfter }

    public var description: String { message }
}
