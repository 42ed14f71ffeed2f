/// The prompts of the story task, after the training data made from VIST
/// (Huang et al., 2016; MiniGPT-5's `dataloader.py`).
///
/// Where training picks one of several wordings at random, the first is taken, so that a request
/// has one meaning.
struct VISTPrompt {
    let profile: PromptProfile

    static let system =
        "Give the following images in <Img>ImageContent</Img> format. "
        + "You will be able to see the images once I provide it to you. "
        + "Please understanding images and generate story."

    /// Asks for the picture of a text. The answer is `[IMG0]…[IMG7] ###`.
    func imageOnly(_ text: String, after history: StoryHistory) -> String {
        let article = profile == .head ? "an" : "a"
        return turn(history, " Generate \(article) image with the scene description: \(text)")
    }

    /// Asks for the next scene. The answer is `{text} [IMG0]…[IMG7] ###`.
    func multimodal(after history: StoryHistory) -> String {
        turn(history, " Tell me the next scene with image.")
    }

    private func turn(_ history: StoryHistory, _ task: String) -> String {
        "\(Self.system)###Human:\(history.prompt)\(task) ###Assistant:"
    }
}
