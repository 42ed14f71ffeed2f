internal import CUV
internal import Glibc

/// The address of a Unix socket. Its length is checked here: libuv would cut it short in silence.
struct SocketPath {
    static let maximumCount = 107

    let path: String
    private let address: sockaddr_un

    init(_ path: String) throws(EventLoopError) {
        let bytes = Array(path.utf8)
        guard bytes.count <= SocketPath.maximumCount else {
            throw EventLoopError(
                .pathTooLong,
                """
                \(path): a socket's path has at most \(SocketPath.maximumCount) bytes, this one \
                \(bytes.count): choose a shorter one
                """)
        }
        guard !bytes.isEmpty, !bytes.contains(0) else {
            throw EventLoopError(.system, "a socket's path is empty or contains a zero byte")
        }
        self.path = path
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        self.address = address
    }

    /// Where a socket is bound; `nil` if at no path.
    static func bound(_ descriptor: Int32) -> String? {
        var address = sockaddr_un()
        var count = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe getsockname(
                descriptor, UnsafeMutableRawPointer(address).assumingMemoryBound(to: sockaddr.self),
                &count)
        }
        guard status == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
        let bytes = unsafe withUnsafeBytes(of: address.sun_path) { path in
            unsafe path.prefix { $0 != 0 }.map { $0 }
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// A socket that does not block and is not inherited, for which `use` (`bind` or `connect`)
    /// has succeeded.
    ///
    /// - Throws: the `errno` of what failed; the socket is closed then.
    func socket(
        _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(AF_UNIX, type | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError(errno) }
        let status = unsafe withUnsafePointer(to: address) { address in
            unsafe use(
                descriptor, UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        guard status == 0 else {
            let error = SystemError(errno)
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }
}

/// An `errno`.
struct SystemError: Error {
    let code: Int32

    init(_ code: Int32) { self.code = code }
}
