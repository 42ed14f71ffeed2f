import Images
import Testing

@testable import Pipelines

/// What is refused at the door, before a request is queued.
@Suite struct RequestTests {
    private func refusal(
        _ replacements: [String: String] = [:], _ change: (inout StoryRequest) -> Void
    ) throws -> RequestError {
        var request = StoryRequest(prompt: "A fox.")
        change(&request)
        let generation = try echoGeneration(replacements)
        return try #require(throws: RequestError.self) { try StoryOrder(request, generation) }
    }

    @Test(arguments: ["", " \n\t"])
    func emptyPrompts(prompt: String) throws {
        let error = try refusal { $0.prompt = prompt }
        #expect(error.code == .invalid)
        #expect(error.message.contains("empty"))
    }

    @Test(arguments: ["[IMG0]", "[IMG7]", "<ImageHere>", "<s>", "</s>", "<unk>"])
    func tokensOfTheModelInPrompts(mark: String) throws {
        let error = try refusal { $0.prompt = "A fox \(mark)." }
        #expect(error.code == .invalid)
        #expect(error.message.contains(mark))
    }

    @Test func longPromptsByBytes() throws {
        let error = try refusal { $0.prompt = String(repeating: "é", count: 2049) }
        #expect(error.code == .tooLong)
        #expect(error.message.contains("4098 bytes; the limit is 4096"))
    }

    @Test func longPromptsByTokens() throws {
        let error = try refusal { $0.prompt = String(repeating: "a", count: 2000) }
        #expect(error.code == .tooLong)
        #expect(error.message.contains("2048"))
    }

    @Test func numbersOutOfRange() throws {
        #expect(try refusal { $0.scenes = 0 }.message == "scenes is 0; it must be in 1...16")
        #expect(try refusal { $0.scenes = 17 }.code == .invalid)
        #expect(try refusal { $0.steps = 0 }.code == .invalid)
        #expect(try refusal { $0.steps = 251 }.code == .invalid)
        #expect(try refusal { $0.guidance = .nan }.code == .invalid)
        #expect(try refusal { $0.guidance = .infinity }.code == .invalid)
        #expect(try refusal { $0.guidance = -1 }.code == .invalid)
        #expect(try refusal { $0.guidanceRescale = 1.1 }.message.contains("guidance_rescale"))
    }

    @Test func unknownSchedulers() throws {
        let error = try refusal { $0.scheduler = "ecko" }
        #expect(error.code == .invalid)
        #expect(error.message == "there is no scheduler \"ecko\"; did you mean \"echo\"?")
        #expect(
            try refusal { $0.scheduler = "something" }.message.contains("there are "))
    }

    @Test func tooManyOrTooLargePictures() throws {
        let picture = Image(width: 9, height: 9, red: 1, green: 2, blue: 3).png()
        let many = try refusal { $0.images = Array(repeating: picture, count: 5) }
        #expect(many.code == .invalid)
        #expect(many.message == "5 pictures were sent; the limit is 4")
        let large = try refusal(["[limits]": "[limits]\nimage_bytes = 10"]) {
            $0.images = [picture]
        }
        #expect(large.code == .badImage)
        #expect(large.message.contains("the limit is 10"))
    }

    @Test func whatARequestDoesNotSayComesFromThePipeline() throws {
        let order = try StoryOrder(
            StoryRequest(prompt: "A fox."),
            echoGeneration([
                "scenes = 2": "scenes = 2\nseed = 5\nguidance = 2\nguidance_rescale = 0.7"
            ]))
        #expect(order.scenes == 2)
        #expect(order.drawing.steps == 3)
        #expect(order.drawing.guidance == Guidance(scale: 2, rescale: 0.7))
        #expect(order.seeds.seed == 5)
        #expect(order.drawing.scheduler.name == "echo")
    }
}

/// Pipelines that load only if their stages fit.
@Suite struct StageContractTests {
    private func refusal(_ replacements: [String: String]) throws -> PipelineError {
        try #require(throws: PipelineError.self) { try echoGeneration(replacements) }
    }

    @Test(arguments: [
        (
            "[stage.language_model]", "width = 9\n",
            "image_encoder's width is 9 but language_model's"
        ),
        ("[stage.unet]", "input_width = 9\n", "feature_mapper's input width is 9"),
        (
            "[stage.unet]", "width = 9\n",
            "feature_mapper's width is 9 but unet's conditioning width is 8"
        ),
        ("[stage.scheduler]", "latent_channels = 5\n", "but vae's latent channels is 5"),
    ])
    func bothSidesAreNamed(next: String, line: String, message: String) throws {
        let error = try refusal([next: line + next])
        #expect(error.code == .contract)
        #expect(error.message.contains(message), "\(error)")
    }

    @Test func aSceneMustFitTheContext() throws {
        let error = try refusal(["[limits]": "[limits]\ncontext_tokens = 300"])
        #expect(error.code == .contract)
        #expect(error.line == 9)
        #expect(error.message.contains("language.max_new_tokens"))
    }

    @Test func aKeyThatAStageDoesNotKnowIsNamedWithItsLine() throws {
        let error = try refusal(["[stage.vae]": "latent_chanels = 4\n[stage.vae]"])
        #expect(error.code == .badSetting)
        #expect(error.line == 19)
        #expect(error.message.contains("did you mean \"latent_channels\"?"), "\(error)")
    }

    @Test func aPluginThatIsNotThereIsNamedWithItsLine() throws {
        let error = try refusal([
            "[stage.vae]\nplugin = \"echo\"": "[stage.vae]\nplugin = \"nothing\""
        ])
        #expect(error.code == .noPlugin)
        #expect(error.line == 19)
        #expect(error.message.contains("nothing"))
    }
}
