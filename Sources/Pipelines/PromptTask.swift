/// What a pipeline's language model was trained to be asked: the task of one of MiniGPT-5's
/// data sets. A checkpoint does not tell.
public enum PromptTask: String, Sendable, CaseIterable {
    /// VIST: pictures of given text, and further scenes (`stage2_vist`).
    case story
    /// MMDialog: turns of a conversation; the user's prompt is the first (`stage2_mmdialog`).
    case dialogue
    /// CC3M: pictures of given captions, and nothing else (`stage1_cc3m`).
    case caption

    func prompts(_ profile: PromptProfile) -> any TaskPrompts {
        switch self {
        case .story: StoryPrompts(profile: profile)
        case .dialogue: DialoguePrompts(profile: profile)
        case .caption: CaptionPrompts()
        }
    }
}

/// What the language model is asked: text with ``Mark/image`` where pictures stand.
struct Prompt: Equatable {
    let text: String
    /// The pictures of those places in order, by their numbers in the request.
    var images: [Int] = []
}

/// The exact wordings of a task, after MiniGPT-5's `dataloader.py`.
///
/// Where training picks one of several wordings at random, the first is taken, so that a request
/// has one meaning.
protocol TaskPrompts: Sendable {
    /// What all prompts begin with; empty if nothing.
    var beginning: String { get }

    /// Asks for the picture of a text; `nil` if the task knows no such question. The answer is
    /// `[IMG0]…[IMG7] ###`.
    func illustration(of text: String, after history: StoryHistory) -> Prompt?

    /// Asks for what comes next; `nil` if the task knows no such question. The answer is
    /// `{text} ###` or `{text} [IMG0]…[IMG7] ###`.
    func next(after history: StoryHistory) -> Prompt?
}
