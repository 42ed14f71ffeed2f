internal import Pipelines
internal import Wire

/// All of a session, in the order that an import takes: the header, then for each turn the pictures
/// that it brought, and the turn.
final class ExportFeed: Feed {
    private static let partCount = 1 << 20

    private enum Step {
        case header(SessionHeader)
        case picture(ArraySlice<UInt8>)
        case turn(SessionTurn)
    }

    private var steps: ArraySlice<Step>
    private var isOver = false
    var onNews: () -> Void = {}

    init(_ content: SessionContent, name: String, pipeline: String) {
        let header = SessionHeader(
            format: 1, name: name, settings: Wire.SessionSettings(content.settings),
            pipeline: pipeline)
        var steps = [Step.header(header)]
        for turn in content.turns {
            for case .picture(let number) in turn.user + turn.answer {
                steps.append(.picture(content.pictures[number - 1].file[...]))
            }
            steps.append(.turn(turn))
        }
        self.steps = steps[...]
    }

    func next() -> FeedItem? {
        guard !isOver else { return nil }
        switch steps.popFirst() {
        case .header(let header): return .message(SessionPart.header(header).bytes)
        case .turn(let turn): return .message(SessionPart.turn(Turn(turn)).bytes)
        case .picture(let file) where file.count > Self.partCount:
            steps.insert(.picture(file.dropFirst(Self.partCount)), at: steps.startIndex)
            return .message(SessionPart.pictureChunk(Array(file.prefix(Self.partCount))).bytes)
        case .picture(let file): return .message(SessionPart.picture(Array(file)).bytes)
        case nil:
            isOver = true
            return .end
        }
    }
}
