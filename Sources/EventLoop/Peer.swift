internal import Glibc

/// Who is at the other end, as of its `connect`.
///
/// Authorise by the user's id; the process may have ended and its id be another's by now.
public struct Peer: Sendable, Equatable {
    public let process: Int32
    public let user: UInt32
    public let group: UInt32

    /// - Returns: `nil` if the system does not say.
    init?(descriptor: Int32) {
        // `struct ucred` of <sys/socket.h>, which Glibc's module leaves out.
        var credentials: (pid: pid_t, uid: uid_t, gid: gid_t) = (0, 0, 0)
        var count = socklen_t(MemoryLayout.size(ofValue: credentials))
        let status = unsafe getsockopt(
            descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &count)
        guard status == 0 else { return nil }
        (process, user, group) = credentials
    }

    /// The user of this process, or root.
    public var isOwnerOrRoot: Bool { user == geteuid() || user == 0 }
}
