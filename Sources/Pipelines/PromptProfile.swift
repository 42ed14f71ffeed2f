/// Which wording of the prompts a checkpoint was trained with.
///
/// The published code changed its prompts between the release of the stage-1 and VIST
/// checkpoints (October 2023) and its current state, and a checkpoint does not tell.
public enum PromptProfile: String, Sendable, CaseIterable {
    /// The code as published last.
    case head
    /// The code as it was when the stage-1 and VIST checkpoints were made.
    case asTrained2023 = "as-trained-2023"

    /// The token whose embedding was put before every prompt.
    var beginning: LanguageOptions.Beginning { self == .head ? .beginning : .end }
}

/// Spellings that the tokenizer turns into single tokens with a meaning of their own. Text from
/// users or from the model must not contain them.
enum Mark {
    static let image = "<Img><ImageHere></Img>"
    static let turnEnd = "###"

    static let reserved =
        (0..<8).map { "[IMG\($0)]" } + ["<ImageHere>", "<s>", "</s>", "<unk>"]

    /// The first reserved spelling in a text.
    static func first(in text: String) -> String? {
        reserved.first { text.contains($0) }
    }

    /// Text without reserved spellings, not even such as appear when others are taken out.
    static func removed(from text: String) -> String {
        var text = text
        while let mark = first(in: text) {
            text = text.split(separator: mark, omittingEmptySubsequences: false).joined()
        }
        return text
    }
}
