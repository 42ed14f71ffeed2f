import Testing

@testable import Pipelines

@Suite struct PromptTests {
    private let system =
        "Give the following images in <Img>ImageContent</Img> format. You will be able to see the "
        + "images once I provide it to you. Please understanding images and generate story."
    private let current = VISTPrompt(profile: .head)

    @Test func withoutHistory() {
        let history = StoryHistory()
        #expect(
            current.imageOnly("a fox .", after: history) == system
                + "###Human: Generate an image with the scene description: a fox . ###Assistant:")
        #expect(
            current.multimodal(after: history) == system
                + "###Human: Tell me the next scene with image. ###Assistant:")
    }

    @Test func historyIsTextsEachWithItsPicture() {
        var history = StoryHistory()
        history.append([.text("t1"), .image(0)])
        history.append([.text("t2"), .image(1)])
        let told = "t1<Img><ImageHere></Img>t2<Img><ImageHere></Img>\n"
        #expect(
            current.multimodal(after: history) == system
                + "###Human:\(told) Tell me the next scene with image. ###Assistant:")
        #expect(history.images == [0, 1])
        history.dropOldest()
        #expect(history.prompt == "t2<Img><ImageHere></Img>\n")
        #expect(history.images == [1])
    }

    @Test func picturesOfTheUserComeFirstAndTextWithoutAPictureIsKeptApart() {
        var history = StoryHistory()
        history.append([.image(0)])
        history.append([.text("t1")])
        history.append([.text("t2"), .image(1), .text("t3")])
        history.append([.text("t4"), .image(2)])
        let image = "<Img><ImageHere></Img>"
        #expect(history.prompt == "\(image)t1 t2\(image)t3 t4\(image)\n")
    }

    @Test func theFirstWordingWasAnother() {
        let prompt = VISTPrompt(profile: .asTrained2023).imageOnly("x", after: StoryHistory())
        #expect(
            prompt.hasSuffix(
                "###Human: Generate a image with the scene description: x ###Assistant:"))
        #expect(PromptProfile.asTrained2023.beginning == .end)
        #expect(PromptProfile.head.beginning == .beginning)
    }

    @Test func marksAreFoundAndRemoved() {
        #expect(Mark.first(in: "a [IMG3] b") == "[IMG3]")
        #expect(Mark.first(in: "a [IMG] <Img> b") == nil)
        #expect(Mark.removed(from: "a</s>b<Im<unk>ageHere>c") == "abc")
    }
}
