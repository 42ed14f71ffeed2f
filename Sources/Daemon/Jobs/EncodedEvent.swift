internal import Pipelines
internal import Synchronization
internal import Wire

/// An event of a job as it is sent, and what the daemon itself wants to know of it.
struct EncodedEvent: Sendable {
    enum Mark: Sendable {
        case accepted(job: String)
        case started(generation: Int)
        /// Calls of the UNet for an image: progress, which may be forgotten.
        case step(image: Int)
        /// A part of the file of an image.
        case imagePart(image: Int)
        case imageDone(image: Int)
        case finished
        case failed(RequestError)
        case other
    }

    let seq: UInt64
    let bytes: [UInt8]
    let mark: Mark
}

/// Numbers the events of one job and packs them, on the thread that they come from: the loop's has
/// no time for pictures.
final class EventEncoder: Sendable {
    private struct State {
        var seq: UInt64 = 0
        var job = ""
        var generation = 0
    }

    private let state = Mutex(State())

    func encode(_ event: StoryEvent) -> [EncodedEvent] {
        state.withLock { state in
            switch event {
            case .accepted(let id, _): state.job = id
            case .started(let number, _): state.generation = number
            default: break
            }
            return Event.Kind.kinds(event).map { kind in
                state.seq += 1
                let bytes = Event(
                    seq: state.seq, job: state.job, generation: state.generation, kind: kind
                ).bytes
                return EncodedEvent(
                    seq: state.seq, bytes: bytes, mark: EncodedEvent.Mark(event, kind))
            }
        }
    }
}

extension EncodedEvent.Mark {
    fileprivate init(_ event: StoryEvent, _ kind: Event.Kind) {
        switch event {
        case .accepted(let job, _): self = .accepted(job: job)
        case .started(let generation, _): self = .started(generation: generation)
        case .step(let image, _, _): self = .step(image: image)
        case .imageFinished(let image):
            if case .imageDone = kind {
                self = .imageDone(image: image.index)
            } else {
                self = .imagePart(image: image.index)
            }
        case .finished: self = .finished
        case .failed(let error): self = .failed(error)
        case .sceneBegan, .text, .imageBegan, .sceneEnded: self = .other
        }
    }
}
