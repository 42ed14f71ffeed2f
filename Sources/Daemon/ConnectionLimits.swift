internal import EventLoop

/// How many connections a server has at a time, and how much may wait on them.
public struct ConnectionLimits: Sendable, Equatable {
    /// On all sockets together.
    public var connections = 512
    /// Of each user, but for root and this process' own.
    public var perUser = 256
    /// Are kept for root and this process' user, who can so ask and cancel while others fill the
    /// rest.
    public var reserved = 4
    /// Callers for whom there is no room and who are told so, at a time; further ones are cut off.
    public var refusals = 64
    /// So long one of these has to say something: only to a call there is an answer.
    public var refusal = Duration.seconds(1)
    /// Bytes that may wait to be written on all connections together.
    public var output = 512 << 20

    public init() {}
}

/// Counts who is connected.
struct ConnectionRoom {
    /// Why there is no room for one more.
    enum Shortage: String {
        case connections = "too_many_connections"
        case ofUser = "too_many_connections_of_user"
    }

    private let limits: ConnectionLimits
    private var total = 0
    private var users: [UInt32: Int] = [:]

    init(_ limits: ConnectionLimits) { self.limits = limits }

    func shortage(for peer: Peer) -> Shortage? {
        // A limit so low that all would be reserved still lets others in.
        let reserved = peer.isOwnerOrRoot ? 0 : min(limits.reserved, limits.connections / 2)
        guard total < limits.connections - reserved else { return .connections }
        guard peer.isOwnerOrRoot || users[peer.user, default: 0] < limits.perUser else {
            return .ofUser
        }
        return nil
    }

    mutating func enter(_ peer: Peer) {
        total += 1
        users[peer.user, default: 0] += 1
    }

    mutating func leave(_ peer: Peer) {
        total -= 1
        users[peer.user, default: 0] -= 1
        if users[peer.user] == 0 { users[peer.user] = nil }
    }
}
