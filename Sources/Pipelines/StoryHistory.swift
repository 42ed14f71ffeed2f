/// What has been shown and told so far, as context for what comes next.
struct StoryHistory: Equatable {
    enum Piece: Equatable {
        case text(String)
        /// A picture, by its number from 0: of a request, the user's first, then the drawn ones.
        case image(Int)

        var text: String? { if case .text(let text) = self { text } else { nil } }
        var image: Int? { if case .image(let number) = self { number } else { nil } }

        /// As in a prompt.
        var spelling: String { text ?? Mark.image }
    }

    /// The pictures that the user has shown before all.
    private(set) var shown: [Int]
    private(set) var scenes: [[Piece]] = []
    /// How many scenes there were before ``scenes``.
    private(set) var forgotten = 0

    /// - Parameter pictures: how many the user has shown.
    init(pictures: Int = 0) { shown = Array(0..<pictures) }

    mutating func append(_ scene: [Piece]) { scenes.append(scene) }

    /// What the user said and showed in a later turn of a conversation, ahead of its answer. A
    /// dialogue counts it as a turn of its own; in a story the text belongs to the scene that
    /// illustrates it.
    mutating func append(user text: String, shown: [Int], _ task: PromptTask) {
        let pictures = shown.map(Piece.image)
        if task == .dialogue {
            append(pictures + (text.isEmpty ? [] : [.text(text)]))
        } else if !pictures.isEmpty {
            append(pictures)
        }
    }

    /// - Parameter text: of the user; empty if nothing was said.
    mutating func append(answer: [Piece], to text: String, _ task: PromptTask) {
        append((task == .dialogue || text.isEmpty ? [] : [.text(text)]) + answer)
    }

    /// Forgets the oldest picture of the user or, without any, the oldest scene.
    mutating func dropOldest() {
        if shown.isEmpty {
            scenes.removeFirst()
            forgotten += 1
        } else {
            shown.removeFirst()
        }
    }

    /// What can be forgotten, one after the other.
    var count: Int { shown.count + scenes.count }

    var isEmpty: Bool { count == 0 }

    /// The numbers of all pictures in order.
    var images: [Int] { shown + scenes.joined().compactMap(\.image) }
}
