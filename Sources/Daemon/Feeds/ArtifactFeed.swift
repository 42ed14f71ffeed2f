internal import Wire

/// The file of one image, in parts.
final class ArtifactFeed: Feed {
    private static let partCount = 1 << 20

    /// Packed events that hold it.
    private var events: ArraySlice<EncodedEvent>
    private var bytes: ArraySlice<UInt8> = []
    private var sha256 = ""
    private var isOver = false
    var onNews: () -> Void = {}

    /// - Parameter events: of ``JobLog/parts(ofImage:)``.
    init(_ events: [EncodedEvent]) { self.events = events[...] }

    func next() -> FeedItem? {
        guard !isOver else { return nil }
        if bytes.isEmpty { readEvent() }
        guard !bytes.isEmpty else {
            isOver = true
            return .end
        }
        let part = bytes.prefix(ArtifactFeed.partCount)
        bytes = bytes.dropFirst(part.count)
        let isLast = bytes.isEmpty && events.isEmpty
        return .message(ArtifactPart(data: Array(part), sha256: isLast ? sha256 : "").bytes)
    }

    private func readEvent() {
        guard let event = events.popFirst(), let kind = try? Event(event.bytes).kind else { return }
        switch kind {
        case .imageChunk(_, let data): bytes = data[...]
        case .imageDone(let image):
            bytes = image.png[...]
            sha256 = image.sha256
        default: break
        }
    }
}
