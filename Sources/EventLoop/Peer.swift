internal import Glibc

/// Who is at the other end, as of its `connect`.
///
/// Authorise by the user's and the groups' ids; the process may have ended and its id be another's
/// by now.
public struct Peer: Sendable, Equatable {
    public let process: Int32
    public let user: UInt32
    /// The primary group.
    public let group: UInt32
    /// The supplementary groups; the primary one need not be among them.
    public let groups: [UInt32]

    public init(process: Int32, user: UInt32, group: UInt32, groups: [UInt32] = []) {
        self.process = process
        self.user = user
        self.group = group
        self.groups = groups
    }

    /// - Returns: `nil` if the system does not say.
    init?(descriptor: Int32) {
        // `struct ucred` of <sys/socket.h>, which Glibc's module leaves out.
        var credentials: (pid: pid_t, uid: uid_t, gid: gid_t) = (0, 0, 0)
        var count = socklen_t(MemoryLayout.size(ofValue: credentials))
        let status = unsafe getsockopt(
            descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &count)
        guard status == 0 else { return nil }
        (process, user, group) = credentials
        groups = Self.groups(of: descriptor) ?? Self.groups(of: user, group)
    }

    /// The user of this process, or root.
    public var isOwnerOrRoot: Bool { user == geteuid() || user == 0 }

    public func isIn(_ group: UInt32) -> Bool { self.group == group || groups.contains(group) }

    /// The kernel's limit (`NGROUPS_MAX`).
    private static let maximumGroups = 65_536

    /// The groups that the process had when it connected.
    private static func groups(of descriptor: Int32) -> [UInt32]? {
        var groups = [gid_t](repeating: 0, count: 32)
        // Once more if there are more: the system then says how many.
        for _ in 0..<2 {
            var count = socklen_t(groups.count * MemoryLayout<gid_t>.stride)
            let status = unsafe getsockopt(
                descriptor, SOL_SOCKET, SO_PEERGROUPS, &groups, &count)
            let said = Int(count) / MemoryLayout<gid_t>.stride
            if status == 0 { return Array(groups.prefix(said)) }
            guard errno == ERANGE, said <= maximumGroups else { return nil }
            groups = [gid_t](repeating: 0, count: said)
        }
        return nil
    }

    /// The groups that the user has by the system's files: for kernels before 4.13.
    private static func groups(of user: uid_t, _ group: gid_t) -> [UInt32] {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var text = [CChar](repeating: 0, count: 16 << 10)
        let status = unsafe getpwuid_r(user, &entry, &text, text.count, &found)
        guard status == 0, unsafe found != nil else { return [] }
        var groups = [gid_t](repeating: 0, count: 64)
        for _ in 0..<2 {
            var count = Int32(groups.count)
            let listed = unsafe getgrouplist(entry.pw_name, group, &groups, &count)
            if listed >= 0 { return Array(groups.prefix(Int(count))) }
            guard count > 0, count <= Int32(maximumGroups) else { return [] }
            groups = [gid_t](repeating: 0, count: Int(count))
        }
        return []
    }
}
