internal import CUV
internal import Glibc

/// A socket or loop that does not do what was asked.
public struct EventLoopError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// A socket's path is over the 107 bytes that a Unix address holds.
        case pathTooLong
        /// Another process serves this path.
        case addressInUse
        /// There is a file at the path, and it is no socket.
        case notASocket
        /// Others could replace the socket or its lock.
        case notTrusted
        /// Nobody listens at the path.
        case noListener
        /// The listener has too many callers waiting; later may do.
        case busy
        /// The peer took none of the bytes that wait for it for too long, or lets too many wait.
        case writeStalled
        /// The loop has stopped.
        case stopped
        /// The system's refusal, in ``message``.
        case system
    }
    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// From a libuv status (the negative of an `errno`).
    init(uv status: Int32, _ doing: String) {
        var text = [CChar](repeating: 0, count: 128)
        let count = text.count
        unsafe text.withUnsafeMutableBufferPointer { text in
            // uv_strerror would leak for codes that it does not know.
            unsafe _ = uv_strerror_r(status, text.baseAddress, count)
        }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        self.init(.system, "\(doing): \(String(decoding: bytes, as: UTF8.self))")
    }

    init(errno code: Int32, _ doing: String) { self.init(uv: -code, doing) }

    public var description: String { message }
}
