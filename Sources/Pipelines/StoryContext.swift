import Images

/// What a story has come to: all that its next scene depends on besides the request.
struct StoryContext: Sendable {
    enum PictureSource: Sendable {
        /// - Parameter number: from 1, for messages.
        case file([UInt8], number: Int, ImageLimits)
        case drawn(Picture)
    }

    var history: StoryHistory
    /// By the numbers that `history` uses.
    var pictures: [PictureSource]
    /// That were told.
    var scenes = 0
    /// That were drawn.
    var images = 0
    var memory = ContextMemory()

    /// Before the first scene.
    /// - Parameter shown: the user's pictures.
    init(shown: [[UInt8]], _ limits: RequestLimits) {
        history = StoryHistory(pictures: shown.count)
        pictures = []
        show(shown, limits)
    }

    /// After the turns of a session.
    init(
        _ content: SessionContent, _ task: PromptTask, _ limits: RequestLimits,
        memory: ContextMemory = ContextMemory()
    ) {
        history = StoryHistory(pictures: content.turns.first?.shown.count ?? 0)
        for (index, turn) in content.turns.enumerated() {
            history.append(
                user: turn.text, shown: index == 0 ? [] : turn.shown.map { $0 - 1 }, task)
            let answer = turn.answer.map { piece -> StoryHistory.Piece in
                switch piece {
                case .text(let text): .text(text)
                case .picture(let number): .image(number - 1)
                }
            }
            history.append(answer: answer, to: turn.text, task)
        }
        let drawn = Set(content.turns.flatMap(\.drawn))
        pictures = content.pictures.enumerated().map { index, picture in
            .file(
                picture.file, number: index + 1,
                drawn.contains(index + 1) ? ImageLimits() : limits.pictures)
        }
        scenes = content.turns.count
        images = content.turns.reduce(0) { $0 + $1.drawn.count }
        self.memory = memory
    }

    /// The user shows pictures.
    mutating func show(_ files: [[UInt8]], _ limits: RequestLimits) {
        pictures += files.enumerated().map { .file($1, number: $0 + 1, limits.pictures) }
    }
}
