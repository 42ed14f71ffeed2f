internal import Glibc

/// The service manager that has started this process and wants to hear of it: sd_notify(3), datagrams
/// of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names.
public struct ServiceManager: Sendable {
    /// It takes a process for hung that says nothing for so long; `nil` if it does not watch.
    public let watchdog: Duration?
    private let address: sockaddr_un
    private let count: socklen_t

    /// What the environment says; `nil` if nobody wants to hear.
    ///
    /// - Parameter isSuccessor: whether this process takes over from the one that was started to
    ///   be watched, and whose id is in `WATCHDOG_PID`.
    public init?(isSuccessor: Bool = false, _ variable: (String) -> String? = Self.environment) {
        guard let path = variable("NOTIFY_SOCKET"), let first = path.utf8.first,
            first == UInt8(ascii: "/") || first == UInt8(ascii: "@")
        else { return nil }
        var address = sockaddr_un()
        // An abstract name begins with a zero byte in place of the `@`, and has no end but its
        // length.
        let isAbstract = first == UInt8(ascii: "@")
        let bytes = (isAbstract ? [0] : [first]) + path.utf8.dropFirst()
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count > 1, bytes.count < room else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        self.address = address
        let start = MemoryLayout<sockaddr_un>.size - room
        count = socklen_t(start + bytes.count + (isAbstract ? 0 : 1))
        let isMeant = isSuccessor || variable("WATCHDOG_PID").map { $0 == "\(getpid())" } ?? true
        watchdog =
            isMeant
            ? variable("WATCHDOG_USEC").flatMap { Int64($0) }.flatMap { microseconds in
                microseconds > 0 ? .microseconds(microseconds) : nil
            } : nil
    }

    public static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { return nil }
        return unsafe String(cString: value)
    }

    /// One that does not listen is no error: it is for its sake alone.
    ///
    /// - Parameters:
    ///   - fields: `NAME=value`; control characters become spaces.
    ///   - isRepeated: whether it will be said again: then it is not waited for room to say it.
    public func notify(_ fields: String..., isRepeated: Bool = false) {
        let lines = fields.map { field in
            String(decoding: field.utf8.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
        }
        let text = Array(lines.joined(separator: "\n").utf8)
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A full queue is waited for, but not by a hung manager for ever.
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        unsafe withUnsafePointer(to: address) { address in
            _ = unsafe sendto(
                descriptor, text, text.count,
                Int32(MSG_NOSIGNAL) | (isRepeated ? Int32(MSG_DONTWAIT) : 0),
                UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr.self), count)
        }
    }
}
