internal import EventLoop
internal import Wire

/// A connection and its calls, on the loop's thread.
final class Session {
    private let connection: PipeConnection
    private var calls = ClientConnection()
    private var queues: [UInt32: AnswerQueue] = [:]

    init(path: String, loop: Loop) throws(EventLoopError) {
        var limits = PipeConnection.Limits()
        limits.readsWhenBackedUp = true  // the daemon does not
        connection = try PipeConnection.connect(to: path, loop: loop, limits: limits)
        connection.onRead = { [unowned self] bytes in
            calls.receive(bytes)
            settle()
        }
        connection.onClose = { [self] error in
            calls.disconnected(
                Status(.unavailable, error?.message ?? "the daemon has closed the connection"))
            settle()
        }
        connection.start()
    }

    /// Sends a request; what comes back goes to `queue`.
    func open(
        _ method: Method, _ request: [UInt8], timeout: Int64, _ queue: AnswerQueue
    ) throws(ClientError) -> UInt32 {
        guard !calls.isFinished else {
            throw ClientError(.disconnected, "the connection to the daemon is closed")
        }
        do throws(WireError) {
            let stream = try calls.open(method, request, timeout: timeout)
            queues[stream] = queue
            settle()
            return stream
        } catch {
            throw ClientError(error)
        }
    }

    /// Gives up a call; the daemon stops working on it.
    func cancel(_ stream: UInt32, _ error: ClientError) {
        guard let queue = queues.removeValue(forKey: stream) else { return }
        calls.cancel(stream)
        _ = queue.put(.failed(error))
        settle()
    }

    private func settle() {
        while let event = calls.nextEvent() {
            switch event {
            case .message(let stream, let bytes):
                guard queues[stream]?.put(.message(bytes)) == false else { continue }
                cancel(
                    stream,
                    ClientError(
                        .busy, "over \(AnswerQueue.limit) bytes of the answer are unread"))
            case .ended(let stream): end(stream, .ended)
            case .reply(let stream, let bytes): end(stream, .reply(bytes))
            case .failed(let stream, let status): end(stream, .failed(ClientError(status)))
            }
        }
        connection.write(calls.drainOutput())
        if calls.isFinished { connection.close() }
    }

    private func end(_ stream: UInt32, _ answer: Answer) {
        _ = queues.removeValue(forKey: stream)?.put(answer)
    }
}
