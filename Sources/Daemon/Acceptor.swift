internal import EventLoop
internal import Logging
internal import Wire

/// Takes callers from the listening sockets: those who may come, as long as there is room.
/// On the loop's thread.
final class Acceptor {
    private let settings: Server.Settings
    private let loop: Loop
    private let onCaller: (PipeConnection, Peer, Access) -> Void
    private var listeners: [PipeListener] = []
    private var room: ConnectionRoom
    private var refused: [ObjectIdentifier: RefusedConnection] = [:]
    private let budget: OutputBudget
    private var log: RateLimitedLog
    /// Connections that were taken since the start.
    private(set) var takenCount: UInt64 = 0
    /// Those that were cut off or refused since the start, by reason.
    private(set) var cutOffCounts: [String: UInt64] = [:]

    init(
        _ settings: Server.Settings, logger: Logger, loop: Loop,
        _ onCaller: @escaping (PipeConnection, Peer, Access) -> Void
    ) {
        self.settings = settings
        self.loop = loop
        self.onCaller = onCaller
        room = ConnectionRoom(settings.limits)
        budget = OutputBudget(limit: settings.limits.output)
        log = RateLimitedLog(logger)
        budget.onOverflow = { [weak self] reason in
            self?.count("output_limit", "connection closed", reason.message)
        }
    }

    /// Listens on all sockets of the settings, or on none.
    func listen() throws(EventLoopError) {
        let policy = settings.access
        do throws(EventLoopError) {
            let group = policy.group(
                for: settings.generateSocket == nil ? .generate : .administer)
            try listen(
                at: settings.path, inheriting: settings.inherited,
                SocketPermissions(mode: group == nil ? 0o600 : 0o660, group: group),
                ceiling: .administer)
            if let socket = settings.generateSocket {
                try listen(
                    at: socket.path, inheriting: socket.inherited,
                    SocketPermissions(mode: socket.mode, group: policy.group(for: .generate)),
                    ceiling: .generate)
            }
        } catch {
            close()
            throw error
        }
    }

    /// - Parameter ceiling: no caller may do more on this socket, whoever it is.
    private func listen(
        at path: String, inheriting descriptors: ListenerDescriptors?,
        _ permissions: SocketPermissions, ceiling: Access
    ) throws(EventLoopError) {
        let policy = settings.access
        var settings = settings.listener
        settings.permissions = permissions
        settings.admits = { policy.access(of: $0) != .none }
        let onCaller = { [self] (connection: PipeConnection, peer: Peer) in
            take(connection, peer, min(ceiling, policy.access(of: peer)))
        }
        let listener: PipeListener
        if let descriptors {
            listener = try PipeListener(
                inheriting: descriptors, path: path, loop: loop, settings: settings, onCaller)
        } else {
            listener = try PipeListener(path: path, loop: loop, settings: settings, onCaller)
        }
        listener.onRefusal = { [self] in didRefuse($0) }
        listeners.append(listener)
    }

    func duplicateDescriptors() throws(EventLoopError) -> [ListenerDescriptors] {
        var descriptors: [ListenerDescriptors] = []
        do throws(EventLoopError) {
            for listener in listeners { descriptors.append(try listener.duplicateDescriptors()) }
        } catch {
            for descriptors in descriptors { descriptors.close() }
            throw error
        }
        return descriptors
    }

    var isListening: Bool { !listeners.isEmpty }

    func handOver() {
        for listener in listeners { listener.handOver() }
        listeners = []
    }

    func close() {
        for listener in listeners { listener.close() }
        listeners = []
    }
}

// MARK: - Callers

extension Acceptor {
    private func take(_ connection: PipeConnection, _ peer: Peer, _ access: Access) {
        if let shortage = room.shortage(for: peer) { return refuse(connection, peer, shortage) }
        room.enter(peer)
        takenCount += 1
        budget.add(connection)
        onCaller(connection, peer, access)
    }

    /// A connection that was handed on has closed.
    func didLeave(_ peer: Peer) { room.leave(peer) }

    private func refuse(
        _ connection: PipeConnection, _ peer: Peer, _ shortage: ConnectionRoom.Shortage
    ) {
        let limits = settings.limits
        let message =
            switch shortage {
            case .connections: "there are \(limits.connections) connections at most"
            case .ofUser: "a user has \(limits.perUser) connections at most"
            }
        count(
            shortage.rawValue, "connection refused",
            "\(message); user \(peer.user), process \(peer.process)")
        guard refused.count < limits.refusals else { return connection.close() }
        let status = Status(
            .unavailable, "\(message): call again when others have gone",
            reason: shortage.rawValue)
        let refusal = RefusedConnection(connection, status, within: limits.refusal)
        refused[ObjectIdentifier(refusal)] = refusal
        refusal.start { [self] in refused[ObjectIdentifier(refusal)] = nil }
    }

    private func didRefuse(_ refusal: PipeListener.Refusal) {
        switch refusal {
        case .notAllowed(let peer):
            count(
                "not_allowed", "connection refused",
                "user \(peer.user) (process \(peer.process)) may not connect")
        case .noDescriptors:
            count(
                "no_descriptors", "connection refused",
                "no file descriptor is left: raise the limit (LimitNOFILE, ulimit -n)")
        case .system(let message): count("system", "connection refused", message)
        }
    }

    private func count(_ reason: String, _ event: String, _ message: String) {
        cutOffCounts[reason, default: 0] += 1
        log.warning(event, reason: reason, message)
    }
}
