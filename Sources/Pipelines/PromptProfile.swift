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

    /// The first of a tokenizer's marks that is in a text.
    ///
    /// Bytes are compared, as tokenizers do: a mark does not hide behind an accent on its last
    /// character.
    static func first(in text: String, _ marks: [String]) -> String? {
        let bytes = Array(text.utf8)
        return marks.first { !$0.isEmpty && bytes.firstRange(of: Array($0.utf8)) != nil }
    }

    /// Text without marks, not even such as appear when others are taken out.
    static func removed(from text: String, _ marks: [String]) -> String {
        var text = text
        while let mark = first(in: text, marks) {
            var bytes = Array(text.utf8)
            while let range = bytes.firstRange(of: Array(mark.utf8)) {
                bytes.removeSubrange(range)
            }
            text = String(decoding: bytes, as: UTF8.self)
        }
        return text
    }
}
