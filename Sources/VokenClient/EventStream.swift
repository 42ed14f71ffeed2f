internal import Synchronization
public import Wire

/// The events of a call, as they come: by ``next()``, which blocks, or by `for try await`. One
/// thread or task takes them.
///
/// Where one of the events is the last, it says so. A stream that is dropped before its end is
/// cancelled.
public final class EventStream<Element: StreamEvent>: Sendable {
    /// What the events are of, for errors: `story`.
    private let name: String
    private let queue: AnswerQueue
    /// What the user sees of an event; `nil` for what the user does not.
    private let joined: @Sendable (Element) throws(ClientError) -> Element?
    private let abandon: @Sendable (ClientError) -> Void
    private let isOver = Mutex(false)

    /// - Parameter abandon: gives up the call, whose end is then the error; does nothing if the
    ///   call is over.
    init(
        of name: String, _ queue: AnswerQueue,
        joined: @escaping @Sendable (Element) throws(ClientError) -> Element?,
        abandon: @escaping @Sendable (ClientError) -> Void
    ) {
        self.name = name
        self.queue = queue
        self.joined = joined
        self.abandon = abandon
    }

    deinit { cancel() }

    /// The next event, or `nil` after the last.
    ///
    /// - Throws: ``ClientError``, after which there are no more events:
    ///   ``ClientError/Code/refused`` if the daemon did not take the request.
    public func next() throws(ClientError) -> Element? {
        while !hasEnded {
            guard let answer = queue.take(within: nil) else { continue }
            if let event = try event(answer) { return event }
        }
        return nil
    }

    /// Stops the stream: what was not taken is lost, and ``next()`` throws. The daemon stops a
    /// story; a swap or an upgrade that has begun goes on there.
    public func cancel() {
        guard !hasEnded else { return }
        abandon(ClientError(Status(.cancelled, "the \(name) has been cancelled")))
    }

    private var hasEnded: Bool { isOver.withLock { $0 } }

    private func event(_ answer: Answer) throws(ClientError) -> Element? {
        do throws(ClientError) {
            switch answer {
            case .message(let bytes):
                let event = try joined(try Element(checking: bytes))
                if event?.isEnd == true { isOver.withLock { $0 = true } }
                return event
            case .failed(let error): throw error
            case .ended where !Element.hasEnd:
                isOver.withLock { $0 = true }
                return nil
            case .ended, .reply:
                throw ClientError(.malformed, "the \(name) ends without a last event")
            }
        } catch {
            isOver.withLock { $0 = true }
            // The daemon may go on, but nobody reads it any more.
            abandon(error)
            throw error
        }
    }
}

extension EventStream: AsyncSequence {
    public struct AsyncIterator: AsyncIteratorProtocol {
        let stream: EventStream

        public mutating func next() async throws -> Element? {
            let stream = stream
            while !stream.hasEnded {
                let answer = await withTaskCancellationHandler {
                    await stream.queue.take()
                } onCancel: {
                    stream.cancel()
                }
                if let event = try stream.event(answer) { return event }
            }
            return nil
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }
}

extension StreamEvent {
    fileprivate init(checking bytes: [UInt8]) throws(ClientError) {
        do throws(WireError) {
            self = try Self(bytes)
        } catch {
            throw ClientError(error)
        }
    }
}
