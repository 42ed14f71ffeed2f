import Images
import Testing

@testable import Pipelines

/// The repository's own model, through its own pipeline file.
@Suite struct PocketTests {
    private static let generation = Result { try pocketGeneration() }

    private let request = StoryRequest(
        prompt: "Mia the rabbit found a blue ball in the park.", scenes: 2, steps: 2, seed: 1)

    @Test func tellsAStory() throws {
        let events = try run(request, Self.generation.get())
        #expect(events.failure == nil)
        #expect(events.images.count == 2)
        #expect(events.text.count > 10)
        #expect(!events.text.contains("#"))
        for image in events.images {
            #expect((image.width, image.height) == (64, 64))
            let keys = image.recipe.map(\.key)
            for kind in ["image_encoder", "language_model", "feature_mapper", "unet", "vae"] {
                #expect(keys.contains("weights.\(kind)"))
            }
        }
    }

    @Test func tellsTheSameStoryAgain() throws {
        let generation = try Self.generation.get()
        let (first, second) = (try run(request, generation), try run(request, generation))
        #expect(first.text == second.text)
        #expect(first.images == second.images)
    }

    @Test(arguments: ["ddim", "pndm"])
    func everySchedulerOfTheFileDraws(name: String) throws {
        var one = request
        one.scenes = 1
        one.scheduler = name
        let events = try run(one, Self.generation.get())
        #expect(events.failure == nil)
        #expect(events.images.count == 1)
    }

    @Test func looksAtItsOwnPictures() throws {
        let generation = try Self.generation.get()
        let first = try #require(try run(request, generation).images.first)
        var again = request
        again.images = [first.png]
        let events = try run(again, generation)
        #expect(events.failure == nil)
        // The picture is part of the context, so it changes what is drawn.
        #expect(events.images.first?.sha256 != first.sha256)
    }
}
