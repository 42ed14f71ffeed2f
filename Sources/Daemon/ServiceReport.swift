internal import EventLoop
internal import Glibc

/// Tells the service manager, from the loop's thread, that the loop turns and what is served. A
/// loop that hangs says nothing, and is found out.
final class ServiceReport {
    private let manager: ServiceManager
    private let backend: any Backend
    private let timer: EventLoop.Timer
    private var generation: Int?
    private var isDraining = false

    /// How often it is looked whether something else is served.
    private static let interval = Duration.seconds(5)

    init(to manager: ServiceManager, of backend: any Backend, loop: Loop) {
        self.manager = manager
        self.backend = backend
        timer = Timer(loop: loop)
        let interval = min(manager.watchdog.map { $0 / 2 } ?? Self.interval, Self.interval)
        timer.start(after: interval, repeating: interval) { [weak self] in self?.tick() }
    }

    /// - Parameter isSuccessor: whether the manager knows another process as the main one.
    func ready(isSuccessor: Bool) {
        if isSuccessor { manager.notify("MAINPID=\(getpid())") }
        manager.notify("READY=1", status())
    }

    func drains(_ connections: Int) {
        isDraining = true
        manager.notify("STOPPING=1", "STATUS=draining, \(connections) connections are left")
    }

    /// Another process reports from now on.
    func end() { timer.close() }

    private func tick() {
        if manager.watchdog != nil { manager.notify("WATCHDOG=1", isRepeated: true) }
        if !isDraining, generation != backend.generation { manager.notify(status()) }
    }

    private func status() -> String {
        let status = backend.status()
        generation = backend.generation
        return "STATUS=serving \(status.pipeline), generation \(status.generation)"
    }
}
