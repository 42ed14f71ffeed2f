/// The scenes so far, as context for the next: texts, and places where pictures stand.
struct StoryHistory: Equatable {
    enum Piece: Equatable {
        case text(String)
        /// A picture, by its number in the request: the user's first, then the generated ones.
        case image(Int)
    }

    private(set) var scenes: [[Piece]] = []

    mutating func append(_ scene: [Piece]) { scenes.append(scene) }

    /// Forgets the oldest scene, or picture of the user.
    mutating func dropOldest() { scenes.removeFirst() }

    var isEmpty: Bool { scenes.isEmpty }

    /// The numbers of the pictures, in the order of their places in ``prompt``.
    var images: [Int] {
        scenes.joined().compactMap { piece in
            if case .image(let number) = piece { number } else { nil }
        }
    }

    /// Texts, each followed by the place of its picture, and a line break at the end; empty
    /// without scenes. A scene that closes with text is kept apart from the next by a blank.
    var prompt: String {
        guard !isEmpty else { return "" }
        let scenes = scenes.map { scene in
            scene.map { piece in
                if case .text(let text) = piece { text } else { Mark.image }
            }.joined()
        }
        var prompt = ""
        for scene in scenes {
            if !prompt.isEmpty, !prompt.hasSuffix(Mark.image) { prompt += " " }
            prompt += scene
        }
        return prompt + "\n"
    }
}
