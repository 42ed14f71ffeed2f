import Testing

@testable import Pipelines

private let image = "<Img><ImageHere></Img>"

private let preamble =
    "Give the following images in <Img>ImageContent</Img> format. You will be able to see the "
    + "images once I provide it to you. "

@Suite struct StoryPromptTests {
    private let system = preamble + "Please understanding images and generate story."
    private let current = StoryPrompts(profile: .head)

    @Test func withoutHistory() {
        let history = StoryHistory()
        #expect(
            current.illustration(of: "a fox .", after: history)?.text == system
                + "###Human: Generate an image with the scene description: a fox . ###Assistant:")
        #expect(
            current.next(after: history)?.text == system
                + "###Human: Tell me the next scene with image. ###Assistant:")
    }

    @Test func historyIsTextsEachWithItsPicture() {
        var history = StoryHistory()
        history.append([.text("t1"), .image(0)])
        history.append([.text("t2"), .image(1)])
        #expect(
            current.next(after: history)
                == Prompt(
                    text: system + "###Human:t1\(image)t2\(image)\n"
                        + " Tell me the next scene with image. ###Assistant:", images: [0, 1]))
        history.dropOldest()
        #expect(
            current.next(after: history)
                == Prompt(
                    text: system + "###Human:t2\(image)\n"
                        + " Tell me the next scene with image. ###Assistant:", images: [1]))
    }

    @Test func picturesOfTheUserComeFirstAndTextWithoutAPictureIsKeptApart() {
        var history = StoryHistory(pictures: 1)
        history.append([.text("t1")])
        history.append([.text("t2"), .image(1), .text("t3")])
        history.append([.text("t4"), .image(2)])
        let prompt = current.next(after: history)
        #expect(
            prompt?.text == system + "###Human:\(image)t1 t2\(image)t3 t4\(image)\n"
                + " Tell me the next scene with image. ###Assistant:")
        #expect(prompt?.images == [0, 1, 2])
    }

    @Test func theFirstWordingWasAnother() {
        let prompt = StoryPrompts(profile: .asTrained2023)
            .illustration(of: "x", after: StoryHistory())
        #expect(
            prompt?.text.hasSuffix(
                "###Human: Generate a image with the scene description: x ###Assistant:") == true)
        #expect(PromptProfile.asTrained2023.beginning == .end)
        #expect(PromptProfile.head.beginning == .beginning)
    }
}

@Suite struct DialoguePromptTests {
    private let system = preamble + "Please generate conversations with appropriate images."
    private let current = DialoguePrompts(profile: .head)

    @Test func turnsAlternateAndTheWindowSlides() {
        var history = StoryHistory(pictures: 1)
        history.append([.text("look")])
        #expect(
            current.next(after: history)
                == Prompt(text: "\(system) ###Human: look \(image) ###Assistant:", images: [0]))
        history.append([.text("nice"), .image(1)])
        #expect(
            current.next(after: history)
                == Prompt(
                    text: "\(system) ###Human: look \(image) ###Assistant: nice \(image) ###Human:",
                    images: [0, 1]))
        history.append([.text("and?")])
        #expect(current.next(after: history)?.images == [0, 1])
        history.append([.text("so")])
        #expect(
            current.next(after: history)
                == Prompt(text: "\(system) ###Human: and? ###Assistant: so ###Human:"))
    }

    @Test func whatIsForgottenDoesNotExchangeTheRoles() {
        var history = StoryHistory()
        for text in ["a", "b", "c"] { history.append([.text(text)]) }
        history.dropOldest()
        #expect(
            current.next(after: history)?.text
                == "\(system) ###Assistant: b ###Human: c ###Assistant:")
    }

    @Test func theFirstWordingWasAnother() {
        let prompt = DialoguePrompts(profile: .asTrained2023).next(after: StoryHistory())
        #expect(
            prompt?.text == preamble
                + "Please generate conversation with appropriate image. ###Human:")
    }
}

@Suite struct CaptionPromptTests {
    @Test(arguments: [
        ("A Fox, in the Park!", "a fox, in the park"),
        ("it's  (a)  \"b-c\"; d:~e\n", "it's a b-c d e"),
        ("one.two", "one two"),
        ("  x", "x"),
    ])
    func captionsAreCleaned(caption: String, cleaned: String) {
        let prompts = CaptionPrompts()
        #expect(
            prompts.illustration(of: caption, after: StoryHistory()) == Prompt(text: cleaned))
        #expect(prompts.next(after: StoryHistory()) == nil)
    }
}

@Suite struct MarkTests {
    private let marks = TestTokenizer().marks

    @Test func marksAreFoundAndRemoved() {
        #expect(Mark.first(in: "a [IMG3] b", marks) == "[IMG3]")
        #expect(Mark.first(in: "a [IMG3]\u{301} b", marks) == "[IMG3]", "bytes are compared")
        #expect(Mark.first(in: "a [IMG] <Img> b", marks) == nil)
        #expect(Mark.removed(from: "a</s>b<Im<unk>ageHere>c", marks) == "abc")
    }
}
