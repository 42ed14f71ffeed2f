internal import EventLoop
internal import Wire

/// A caller for whom there is no room. ttrpc has no words for that before a call, so its first
/// calls are waited for, for a moment, and answered.
final class RefusedConnection {
    private let connection: PipeConnection
    private let status: Status
    private let limit: Duration
    private let timer: EventLoop.Timer
    private var calls = ServerConnection(methods: Services.methods)

    init(_ connection: PipeConnection, _ status: Status, within limit: Duration) {
        self.connection = connection
        self.status = status
        self.limit = limit
        timer = Timer(loop: connection.loop)
    }

    /// - Parameter onEnd: called once, when the connection has closed.
    func start(_ onEnd: @escaping () -> Void) {
        connection.onRead = { [unowned self] bytes in answer(bytes) }
        connection.onClose = { [timer] _ in
            timer.close()
            onEnd()
        }
        timer.start(after: limit) { [connection] in connection.close() }
        connection.start()
    }

    private func answer(_ bytes: Span<UInt8>) {
        calls.receive(bytes)
        var isAnswered = calls.isFinished
        while let event = calls.nextEvent() {
            guard case .call(let call) = event else { continue }
            calls.fail(call.stream, status)
            isAnswered = true
        }
        let output = calls.drainOutput()
        connection.write(output)
        // Also what is wrong in itself has been answered.
        if isAnswered || !output.isEmpty { connection.finish() }
    }
}
