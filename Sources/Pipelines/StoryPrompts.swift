/// The prompts made from VIST (Huang et al., 2016).
struct StoryPrompts: TaskPrompts {
    let profile: PromptProfile

    private static let system =
        "Give the following images in <Img>ImageContent</Img> format. "
        + "You will be able to see the images once I provide it to you. "
        + "Please understanding images and generate story."

    var beginning: String { "\(Self.system)###Human:" }

    func illustration(of text: String, after history: StoryHistory) -> Prompt? {
        let article = profile == .head ? "an" : "a"
        return turn(history, " Generate \(article) image with the scene description: \(text)")
    }

    func next(after history: StoryHistory) -> Prompt? {
        turn(history, " Tell me the next scene with image.")
    }

    private func turn(_ history: StoryHistory, _ question: String) -> Prompt {
        Prompt(
            text: "\(beginning)\(told(history))\(question) ###Assistant:",
            images: history.images)
    }

    /// Texts, each followed by the place of its picture, and a line break at the end; empty
    /// without history. A scene that closes with text is kept apart from the next by a blank.
    private func told(_ history: StoryHistory) -> String {
        guard !history.isEmpty else { return "" }
        let shown = String(repeating: Mark.image, count: history.shown.count)
        let story = history.scenes.reduce(shown) { told, scene in
            let isApart = told.isEmpty || told.hasSuffix(Mark.image)
            return told + (isApart ? "" : " ") + scene.map(\.spelling).joined()
        }
        return story + "\n"
    }
}
