import Images
import Tensors
import Testing

@testable import Pipelines

/// Whole stories on Echo stages, through real plugins.
@Suite struct StoryTests {
    private let request = StoryRequest(prompt: "A fox.", seed: 7)

    @Test func eventsComeInOrderAndNumbered() throws {
        let events = try run(request, echoGeneration())
        #expect(
            events.outline == [
                "accepted 0", "started 1 7",
                "scene 1/2", "text", "image 1 seed 7", "step 1 1/3", "step 1 2/3", "step 1 3/3",
                "image 1", "ended 1 illustrated",
                "scene 2/2", "text", "image 2 seed 8", "step 2 1/3", "step 2 2/3", "step 2 3/3",
                "image 2", "ended 2 end_of_turn",
                "finished 2 2",
            ])
        #expect(events.text == "A picture of it.")
        #expect(events.contains(.text("A fox.")), "a story begins with its prompt")
        guard case .finished(let summary) = events.last else { return }
        // 16 letters, the image and the end.
        #expect(summary.tokens == 18)
    }

    @Test func aSeedMeansAStory() throws {
        let generation = try echoGeneration()
        let first = try run(request, generation).images
        #expect(first.count == 2)
        #expect(try run(request, generation).images == first)
        var other = request
        other.seed = 8
        #expect(try run(other, generation).images != first)
        // Image 2 has the seed of image 1 of the next seed, but another recipe.
        #expect(first[0].png != first[1].png)
    }

    @Test func aDrawnSeedIsReported() throws {
        let generation = try echoGeneration()
        let events = try run(StoryRequest(prompt: "A fox."), generation)
        guard case .started(_, let seed) = events[1] else {
            Issue.record("no start: \(events)")
            return
        }
        let again = try run(StoryRequest(prompt: "A fox.", seed: seed), generation)
        #expect(again.images == events.images)
    }

    @Test func theNumberOfThreadsDoesNotMatter() throws {
        let one = try run(request, echoGeneration(["[limits]": "[engine]\nthreads = 1\n[limits]"]))
        let two = try run(request, echoGeneration(["[limits]": "[engine]\nthreads = 2\n[limits]"]))
        #expect(one.images == two.images)
    }

    @Test func thePictureFileHoldsItsRecipe() throws {
        let image = try #require(try run(request, echoGeneration()).images.last)
        let chunks = try Image.textChunks(png: image.png)
        #expect(chunks.map(\.key) == image.recipe.map(\.key))
        #expect(chunks.map(\.value) == image.recipe.map(\.value))
        let recipe = Dictionary(uniqueKeysWithValues: image.recipe.map { ($0.key, $0.value) })
        #expect(recipe["seed"] == "7")
        #expect(recipe["image_seed"] == "8")
        #expect(recipe["image"] == "2")
        #expect(recipe["steps"] == "3")
        #expect(recipe["guidance"] == "7.5")
        #expect(recipe["scheduler"] == "echo")
        // Of "A fox.", by sha256sum.
        #expect(
            recipe["prompt_sha256"]
                == "e58a49bfc1d4da26ff822e504f57fd8dd225dc578c8031b02206332a6cce3d58")
        let decoded = try Image.decode(image.png)
        #expect((decoded.width, decoded.height) == (8, 8))
        #expect((image.width, image.height) == (8, 8))
    }

    @Test func picturesOfTheUserChangeTheStoryNotItsShape() throws {
        let generation = try echoGeneration()
        var shown = request
        shown.images = [Image(width: 20, height: 10, red: 200, green: 30, blue: 90).png()]
        let events = try run(shown, generation)
        #expect(events.failure == nil)
        #expect(events.images.count == 2)
        #expect(events.images[0].recipe.contains { $0.key == "picture_1_sha256" })
    }

    @Test func anImageThatIsNoneFailsAndIsNamed() throws {
        var broken = request
        broken.images = [
            Image(width: 9, height: 9, red: 1, green: 2, blue: 3).png(), [1, 2, 3],
        ]
        let error = try #require(try run(broken, echoGeneration()).failure)
        #expect(error.code == .badImage)
        #expect(error.message.hasPrefix("picture 2: "))
    }

    @Test func anImageAsTheLastTokenIsStillDrawn() throws {
        let limit = ["[limits]": "[language]\nmax_new_tokens = 17\n[limits]"]
        let events = try run(request, echoGeneration(limit))
        #expect(events.images.count == 2)
        #expect(events.reasons == [.illustrated, .tokenLimit])
    }

    @Test func theTokenLimitEndsAScene() throws {
        let limit = ["[limits]": "[language]\nmax_new_tokens = 9\n[limits]"]
        let events = try run(request, echoGeneration(limit))
        #expect(events.text == "A picture")
        #expect(events.images.count == 1)
        #expect(events.reasons == [.illustrated, .tokenLimit])
    }

    @Test func aMarkInTheTextEndsTheScene() throws {
        let text = ["[stage.feature_mapper]": "text = \"So. ###\"\n[stage.feature_mapper]"]
        let events = try run(request, echoGeneration(text))
        #expect(events.text == "So.")
        #expect(events.images.count == 1)
        #expect(events.reasons == [.illustrated, .endOfTurn])
    }

    @Test func everySceneCanBeGivenAnImage() throws {
        let text = [
            "[stage.feature_mapper]": "text = \"So. ###\"\n[stage.feature_mapper]",
            "[limits]": "[language]\nforce_generation = true\n[limits]",
        ]
        let events = try run(request, echoGeneration(text))
        #expect(events.text == "So.")
        #expect(events.images.count == 2)
        #expect(events.reasons == [.illustrated, .endOfTurn])
    }

    /// Echo repeats itself where a turn does not end: one image for each repetition, except that
    /// the published code draws the first alone.
    @Test func severalImagesAnAnswerUnlessFaithful() throws {
        let limit = "[language]\nmax_new_tokens = 40\n[limits]"
        let faithful = try run(
            request, echoGeneration(["[limits]": "[engine]\nfaithful = true\n" + limit]))
        #expect(faithful.images.count == 2)
        #expect(faithful.reasons == [.illustrated, .tokenLimit])
        #expect(faithful.text.hasPrefix("A picture of it.A picture of it."))
    }

    @Test func aLongStoryForgetsItsBeginning() throws {
        let generation = try echoGeneration([
            "[limits]": "[language]\nmax_new_tokens = 40\n[limits]\ncontext_tokens = 400"
        ])
        var long = request
        long.scenes = 9
        let events = try run(long, generation)
        #expect(events.failure == nil)
        #expect(events.images.count == 9)

        let room = SceneRoom(generation)
        var history = StoryHistory()
        for number in 0..<9 { history.append([.text("A picture of it."), .image(number)]) }
        room.fit(&history, for: .next)
        let fitted = try #require(room.input(.next, after: history))
        #expect(room.count(fitted) + room.reserve(for: .next) <= 400)
        var longer = StoryHistory()
        longer.append([.text("A picture of it."), .image(history.images[0] - 1)])
        for scene in history.scenes { longer.append(scene) }
        #expect(
            room.count(try #require(room.input(.next, after: longer))) + room.reserve(for: .next)
                > 400)
    }

    @Test func aDialogueAnswersThePrompt() throws {
        let dialogue = ["[limits]": "[language]\ntask = \"dialogue\"\n[limits]"]
        let events = try run(request, echoGeneration(dialogue))
        #expect(events.reasons == [.given, .endOfTurn])
        #expect(events.images.count == 1)
        #expect(events.text == "A picture of it.")
    }

    @Test func aModelOfCaptionsDrawsOnePicture() throws {
        let generation = try echoGeneration([
            "[limits]": "[language]\ntask = \"caption\"\n[limits]"
        ])
        let events = try run(request, generation)
        #expect(events.reasons == [.illustrated])
        #expect(events.images.count == 1)
        var more = request
        more.scenes = 2
        let error = #expect(throws: RequestError.self) { try run(more, generation) }
        #expect(error?.code == .invalid)
        #expect(error?.message.contains("language.task") == true)
    }
}
