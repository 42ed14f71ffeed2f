import BenchmarkSupport
import Glibc
import Wire

/// A socket that speaks as a section wants, one blocking call at a time.
final class RawClient {
    let descriptor: Int32
    private var decoder = FrameDecoder()
    /// What was read last; before `position` it is decoded.
    private var bytes: [UInt8] = []
    private var position = 0

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("no socket: errno \(errno)") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8)
        }
        let status = unsafe withUnsafePointer(to: address) {
            unsafe connect(
                descriptor, UnsafeRawPointer($0).assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        guard status == 0 else { throw Failure("cannot connect: errno \(errno)") }
        limitReads(to: 20)
    }

    deinit { close(descriptor) }

    func limitReads(to seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// - Returns: whether all of it was taken.
    @discardableResult
    func write(_ bytes: [UInt8], flags: Int32 = 0) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe send(
                    descriptor, bytes.baseAddress.map { unsafe $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL) | flags)
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    func call(_ method: Method, _ payload: [UInt8] = [], stream: UInt32) {
        let envelope = RequestEnvelope(
            service: method.service, method: method.name, payload: payload)
        let flags: FrameFlags = method.shape == .unary ? [] : .remoteClosed
        write(Frame(.request, stream: stream, flags: flags, payload: envelope.bytes).bytes)
    }

    /// The next frame; `nil` at the end, or after silence.
    func frame() -> Frame? {
        while true {
            let last = bytes
            while let item = try? decoder.next(last.span, from: &position) {
                if case .frame(let frame) = item { return frame }
            }
            var read = [UInt8](repeating: 0, count: 65536)
            let count = unsafe recv(descriptor, &read, read.count, 0)
            guard count > 0 else { return nil }
            bytes = Array(read.prefix(count))
            position = 0
        }
    }

    /// Reads and forgets what has come.
    func skim() {
        var bytes = [UInt8](repeating: 0, count: 65536)
        while unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 {}
    }

    /// Whether the daemon has closed the connection, read or not.
    var isHungUp: Bool {
        var poll = pollfd(fd: descriptor, events: 0, revents: 0)
        unsafe Glibc.poll(&poll, 1, 0)
        return poll.revents & Int16(POLLHUP | POLLERR) != 0
    }
}
