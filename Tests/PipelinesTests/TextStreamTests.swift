import Testing

@testable import Pipelines

@Suite struct TextStreamTests {
    private let tokenizer = TestTokenizer()

    /// What is shown after each token, and at the end.
    private func deltas(_ style: TextStream.Style, _ tokens: [Int]) -> [String] {
        var stream = TextStream(style, tokenizer)
        return tokens.map { stream.append($0) } + [stream.finish()]
    }

    @Test func showsACharacterOnceAllItsBytesAreThere() {
        // é is two bytes, 🐰 four.
        let tokens = tokenizer.encode("né🐰!")
        #expect(deltas(.clean, tokens) == ["n", "", "é", "", "", "", "🐰", "!", ""])
        #expect(deltas(.verbatim, tokens) == ["n", "", "é", "", "", "", "🐰", "!", ""])
    }

    @Test func neverShowsWhatBecomesTheEndOfTheTurn() {
        let tokens = tokenizer.encode("a b. ###")
        let shown = deltas(.clean, tokens)
        #expect(shown.joined() == "a b.")
        #expect(shown.allSatisfy { !$0.contains("#") })
    }

    @Test func showsMarksThatAreNoEndOfTheTurn() {
        let shown = deltas(.clean, tokenizer.encode("#1 ## two"))
        #expect(shown == ["", "#1", "", "", "", "", " ## t", "w", "o", ""])
    }

    @Test func leavesOutWhatFollowsTheEndOfTheTurn() {
        var stream = TextStream(.clean, tokenizer)
        _ = stream.append(tokenizer.id(" word"))
        #expect(!stream.hasTurnEnd)
        _ = stream.append(tokenizer.id("##"))
        _ = stream.append(tokenizer.id("##"))
        #expect(stream.hasTurnEnd)
        #expect(stream.text == "word")
    }

    @Test func trimsBothEnds() {
        #expect(deltas(.clean, tokenizer.encode("  a ")).joined() == "a")
        #expect(deltas(.verbatim, tokenizer.encode("  a ")).joined() == "  a ")
    }

    @Test func dropsACharacterThatIsNeverCompleted() {
        let cut = Array(tokenizer.encode("a🐰").dropLast())
        #expect(deltas(.clean, cut).joined() == "a")
    }

    @Test(arguments: ["one\n\ntwo ", "e\u{301}a\u{301}", "# ## #", "\u{FFFD}x", ""])
    func theDeltasMakeTheText(text: String) {
        var stream = TextStream(.clean, tokenizer)
        var shown = tokenizer.encode(text).map { stream.append($0) }.joined()
        shown += stream.finish()
        #expect(Array(shown.utf8) == Array(stream.text.utf8))
    }
}

@Suite struct StopRuleTests {
    private let tokenizer = TestTokenizer()

    /// How many of the tokens there are when the rule says that the turn is over.
    private func length(_ tokens: [Int], faithful: Bool) -> Int? {
        let rule = StopRule(tokenizer, faithful: faithful)
        var stream = TextStream(.clean, tokenizer)
        for count in tokens.indices.map({ $0 + 1 }) {
            _ = stream.append(tokens[count - 1])
            if rule.isOver(Array(tokens.prefix(count)), stream) { return count }
        }
        return nil
    }

    @Test(arguments: [true, false])
    func endsAtBothEncodingsOfTheMark(faithful: Bool) {
        let word = tokenizer.id(" word")
        let (one, two, three) = (tokenizer.id("###"), tokenizer.id("##"), tokenizer.id("#"))
        #expect(length([word, one, word], faithful: faithful) == 2)
        #expect(length([word, two, three, word], faithful: faithful) == 3)
    }

    @Test func cleanEndsAtAnyOtherEncodingToo() {
        let mark = tokenizer.id("#")
        #expect(length([mark, mark, mark, mark], faithful: false) == 3)
        #expect(length([mark, mark, mark, mark], faithful: true) == nil)
    }

    @Test func cleanKnowsTheEndToken() {
        let word = tokenizer.id(" word")
        #expect(length([word, tokenizer.end, word], faithful: false) == 2)
        #expect(length([word, tokenizer.beginning, word], faithful: false) == nil)
    }

    @Test func faithfulMistakesTheBeginningForTheEnd() {
        let word = tokenizer.id(" word")
        #expect(length([word, tokenizer.end, word], faithful: true) == nil)
        #expect(length([word, tokenizer.beginning, word], faithful: true) == 2)
    }
}
