/// What has been shown and told so far, as context for what comes next.
struct StoryHistory: Equatable {
    enum Piece: Equatable {
        case text(String)
        /// A picture, by its number in the request: the user's first, then the generated ones.
        case image(Int)

        var text: String? { if case .text(let text) = self { text } else { nil } }
        var image: Int? { if case .image(let number) = self { number } else { nil } }

        /// As in a prompt.
        var spelling: String { text ?? Mark.image }
    }

    /// The user's pictures.
    private(set) var shown: [Int]
    private(set) var scenes: [[Piece]] = []
    /// How many scenes there were before ``scenes``.
    private(set) var forgotten = 0

    /// - Parameter pictures: how many the user has shown.
    init(pictures: Int = 0) { shown = Array(0..<pictures) }

    mutating func append(_ scene: [Piece]) { scenes.append(scene) }

    /// Forgets the oldest picture of the user or, without any, the oldest scene.
    mutating func dropOldest() {
        if shown.isEmpty {
            scenes.removeFirst()
            forgotten += 1
        } else {
            shown.removeFirst()
        }
    }

    var isEmpty: Bool { shown.isEmpty && scenes.isEmpty }

    /// The numbers of all pictures in order.
    var images: [Int] { shown + scenes.joined().compactMap(\.image) }
}
