internal import Synchronization
public import Wire

/// The events of a story, as they come: by ``next()``, which blocks, or by `for try await`. One
/// thread or task takes them.
///
/// The last event is `finished` or `failed`. A PNG file that came in parts is put together; there
/// are no events `imageChunk`. A story that is dropped before its end is cancelled.
public final class Story: Sendable {
    private struct State {
        var parts = ImageParts()
        var isOver = false
    }

    private let client: Client
    private let stream: UInt32
    private let queue: AnswerQueue
    private let state = Mutex(State())

    init(client: Client, stream: UInt32, queue: AnswerQueue) {
        self.client = client
        self.stream = stream
        self.queue = queue
    }

    deinit { cancel() }

    /// The next event, or `nil` after the last.
    ///
    /// - Throws: ``ClientError``, after which there are no more events:
    ///   ``ClientError/Code/refused`` if the daemon did not take the request.
    public func next() throws(ClientError) -> Event? {
        while !isOver {
            guard let answer = queue.take(within: nil) else { continue }
            if let event = try event(answer) { return event }
        }
        return nil
    }

    /// Stops the story: what was not taken is lost, and ``next()`` throws.
    public func cancel() {
        guard !isOver else { return }
        client.abandon(
            stream, ClientError(Status(.cancelled, "the story has been cancelled")))
    }

    private var isOver: Bool { state.withLock { $0.isOver } }

    /// - Returns: `nil` for what the user does not see.
    private func event(_ answer: Answer) throws(ClientError) -> Event? {
        let result = state.withLock { state -> Result<Event?, ClientError> in
            do throws(ClientError) {
                switch answer {
                case .message(let bytes):
                    let event = try state.parts.joined(try Event(checking: bytes))
                    if event?.isEnd == true { state.isOver = true }
                    return .success(event)
                case .failed(let error): throw error
                case .ended, .reply:
                    throw ClientError(.malformed, "the story ends without a last event")
                }
            } catch {
                state.isOver = true
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension Story: AsyncSequence {
    public struct AsyncIterator: AsyncIteratorProtocol {
        let story: Story

        public mutating func next() async throws -> Event? {
            let story = story
            while !story.isOver {
                let answer = await withTaskCancellationHandler {
                    await story.queue.take()
                } onCancel: {
                    story.cancel()
                }
                if let event = try story.event(answer) { return event }
            }
            return nil
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(story: self) }
}

extension Event {
    fileprivate init(checking bytes: [UInt8]) throws(ClientError) {
        do throws(WireError) {
            self = try Event(bytes)
        } catch {
            throw ClientError(error)
        }
    }
}

/// Puts PNG files together that are too long for one frame.
private struct ImageParts {
    private static let limit = 64 << 20

    private var parts: [Int: [UInt8]] = [:]
    private var count = 0

    /// - Returns: the event, with a whole file; `nil` for a part.
    mutating func joined(_ event: Event) throws(ClientError) -> Event? {
        switch event.kind {
        case .imageChunk(let index, let data):
            count += data.count
            guard count <= ImageParts.limit else {
                throw ClientError(.malformed, "an image of over \(ImageParts.limit) bytes")
            }
            parts[index, default: []] += data
            return nil
        case .imageDone(var image):
            guard let begun = parts.removeValue(forKey: image.index) else { return event }
            count -= begun.count
            image.png = begun + image.png
            var event = event
            event.kind = .imageDone(image)
            return event
        default:
            return event
        }
    }
}
