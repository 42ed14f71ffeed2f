internal import EventLoop
internal import Wire

/// One connection to a daemon and the calls on it, on the loop's thread.
final class Connection {
    private let pipe: PipeConnection
    private var calls = ClientConnection()
    private var pending: [UInt32: PendingCall] = [:]
    private let onAnswer: (Connection, PendingCall, ClientConnection.Event) -> Void
    /// Whether it has ended otherwise than by the daemon's closing it.
    private(set) var hasFailed = false
    /// Called once there is room to write, or the connection is closed.
    private var writers: [() -> Void] = []

    /// - Parameter onAnswer: gets all that comes back.
    init(
        path: String, loop: Loop,
        _ onAnswer: @escaping (Connection, PendingCall, ClientConnection.Event) -> Void
    ) throws(EventLoopError) {
        self.onAnswer = onAnswer
        var limits = PipeConnection.Limits()
        limits.readsWhenBackedUp = true  // the daemon does not
        pipe = try PipeConnection.connect(to: path, loop: loop, limits: limits)
        pipe.onRead = { [unowned self] bytes in
            calls.receive(bytes)
            settle()
        }
        pipe.onDrain = { [unowned self] in letWrite() }
        pipe.onClose = { [self] error in
            hasFailed = hasFailed || error != nil
            calls.disconnected(
                Status(.unavailable, error?.message ?? "the daemon has closed the connection"))
            settle()
            letWrite()
        }
        pipe.start()
    }

    var isOpen: Bool { !calls.isFinished }
    var isIdle: Bool { calls.isIdle }

    func open(_ call: PendingCall) throws(WireError) {
        let stream = try calls.open(call.method, call.request, timeout: call.timeoutLeft)
        pending[stream] = call
        call.place = (self, stream)
        settle()
    }

    /// - Parameter whenWritable: called once there is room for the next.
    func send(
        _ message: [UInt8], on stream: UInt32, whenWritable: @escaping () -> Void
    ) throws(WireError) {
        try calls.send(message, on: stream)
        settle()
        if pipe.isBackedUp, !pipe.isClosing { writers.append(whenWritable) } else { whenWritable() }
    }

    func closeInput(of stream: UInt32) {
        calls.closeInput(of: stream)
        settle()
    }

    private func letWrite() {
        let ready = writers
        writers = []
        for writer in ready { writer() }
    }

    /// Gives up a call; the daemon stops working on it.
    func cancel(_ stream: UInt32) {
        pending[stream] = nil
        calls.cancel(stream)
        settle()
    }

    func close() { pipe.close() }

    private func settle() {
        while let event = calls.nextEvent() {
            let stream = event.stream
            guard let call = pending[stream] else { continue }
            if event.isLast { pending[stream] = nil }
            onAnswer(self, call, event)
        }
        pipe.write(calls.drainOutput())
        guard calls.isFinished, !pipe.isClosing else { return }
        hasFailed = true
        pipe.close()
    }
}

extension ClientConnection.Event {
    fileprivate var stream: UInt32 {
        switch self {
        case .message(let stream, _), .ended(let stream), .reply(let stream, _),
            .failed(let stream, _):
            stream
        }
    }

    fileprivate var isLast: Bool {
        if case .message = self { false } else { true }
    }
}
