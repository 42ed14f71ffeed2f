/// The prompts made from MMDialog (Feng et al., 2022): turns of a human and an assistant, which
/// take both sides in training.
struct DialoguePrompts: TaskPrompts {
    let profile: PromptProfile

    private var system: String {
        let question =
            profile == .head
            ? "conversations with appropriate images" : "conversation with appropriate image"
        return "Give the following images in <Img>ImageContent</Img> format. "
            + "You will be able to see the images once I provide it to you. "
            + "Please generate \(question)."
    }

    var beginning: String { system }

    /// A turn is drawn by whoever takes it, never afterwards.
    func illustration(of text: String, after history: StoryHistory) -> Prompt? { nil }

    func next(after history: StoryHistory) -> Prompt? {
        let turn = history.forgotten + history.scenes.count
        // As in training: the assistant sees at most three turns, the human two.
        let window = history.scenes.suffix(isAssistant(turn) ? 3 : 2)
        var pieces = [system]
        var images: [Int] = []
        for (number, scene) in zip(turn - window.count..<turn, window) {
            let texts = scene.compactMap(\.text).joined(separator: " ")
            pieces.append(texts.isEmpty ? role(number) : "\(role(number)) \(texts)")
            // What the user has shown belongs to the first turn.
            let pictures = (number == 0 ? history.shown : []) + scene.compactMap(\.image)
            pieces += pictures.map { _ in Mark.image }
            images += pictures
        }
        pieces.append(role(turn))
        return Prompt(text: pieces.joined(separator: " "), images: images)
    }

    private func isAssistant(_ turn: Int) -> Bool { !turn.isMultiple(of: 2) }

    private func role(_ turn: Int) -> String {
        isAssistant(turn) ? "###Assistant:" : "###Human:"
    }
}
