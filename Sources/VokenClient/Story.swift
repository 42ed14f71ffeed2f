internal import Synchronization
public import Wire

/// The events of a story, as they come: by ``EventStream/next()``, which blocks, or by
/// `for try await`. One thread or task takes them.
///
/// The last event is `finished` or `failed`. A PNG file that came in parts is put together; there
/// are no events `imageChunk`. A story that is dropped before its end is cancelled.
public typealias Story = EventStream<Event>

/// Puts PNG files together that are too long for one frame.
final class ImageParts: Sendable {
    /// Of a file, in bytes.
    static let limit = 64 << 20

    private struct State {
        var parts: [Int: [UInt8]] = [:]
        var count = 0
    }

    private let state = Mutex(State())

    /// - Returns: the event, with a whole file; `nil` for a part.
    func joined(_ event: Event) throws(ClientError) -> Event? {
        switch event.kind {
        case .imageChunk(let index, let data):
            let fits = state.withLock { state in
                state.count += data.count
                guard state.count <= ImageParts.limit else { return false }
                state.parts[index, default: []] += data
                return true
            }
            guard fits else {
                throw ClientError(.malformed, "an image of over \(ImageParts.limit) bytes")
            }
            return nil
        case .imageDone(var image):
            let begun = state.withLock { state in
                let begun = state.parts.removeValue(forKey: image.index)
                state.count -= begun?.count ?? 0
                return begun
            }
            guard let begun else { return event }
            image.png = begun + image.png
            var event = event
            event.kind = .imageDone(image)
            return event
        default:
            return event
        }
    }
}
