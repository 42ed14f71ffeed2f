/// The prompts made from CC3M (Sharma et al., 2018): a cleaned caption, nothing else.
struct CaptionPrompts: TaskPrompts {
    private static let punctuation: Set<Character> = [
        ".", "!", "\"", "(", ")", "*", "#", ":", ";", "~",
    ]

    let beginning = ""

    func illustration(of text: String, after history: StoryHistory) -> Prompt? {
        Prompt(text: Self.cleaned(text))
    }

    func next(after history: StoryHistory) -> Prompt? { nil }

    /// A caption as training spells it: in lower case, most punctuation as blanks, and one blank
    /// where there were several.
    static func cleaned(_ caption: String) -> String {
        var cleaned = ""
        var blanks = ""
        for character in caption.lowercased() {
            let character = punctuation.contains(character) ? " " : character
            if character.isWhitespace {
                blanks.append(character)
            } else {
                // A single white space stays what it was; several become one blank.
                if !cleaned.isEmpty { cleaned += blanks.count > 1 ? " " : blanks }
                cleaned.append(character)
                blanks = ""
            }
        }
        return cleaned
    }
}
