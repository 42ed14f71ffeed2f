import Foundation
import TestSupport
import Testing

@testable import Pipelines

/// A language model without vokens, with a byte-level tokenizer, among Echo's stages.
@Suite struct PlainModelTests {
    private func generation(_ language: String) throws -> Generation {
        let model = fixture("models/llama-plain").path
        return try echoGeneration([
            "[stage.language_model]\nplugin = \"echo\"": """
            width = 20
            [stage.language_model]
            plugin = "llama"
            model = "\(model)"
            text_only = true
            """,
            "[stage.unet]": "input_width = 20\n[stage.unet]",
            "[limits]": "[language]\nmax_new_tokens = 8\n\(language)\n[limits]",
        ])
    }

    @Test func tellsTextAlone() throws {
        let generation = try generation("task = \"dialogue\"")
        let events = try run(StoryRequest(prompt: "a fox", scenes: 2, seed: 1), generation)
        #expect(events.failure == nil && events.images.isEmpty)
        #expect(events.reasons.first == .given && events.reasons.count == 2)
    }

    @Test func isNotAskedForPictures() throws {
        let error = try #require(throws: PipelineError.self) {
            try generation("task = \"dialogue\"\nforce_generation = true")
        }
        #expect(error.code == .contract && error.line == 11)
        #expect(error.message.contains("set it to false"), "\(error)")
        let story = try generation("task = \"story\"")
        let refused = try #require(throws: RequestError.self) {
            try StoryOrder(StoryRequest(prompt: "a fox"), story)
        }
        #expect(refused.code == .invalid && refused.message.contains("set it to dialogue"))
    }

    /// Spellings of tokens are those of its own vocabulary.
    @Test func textsDoNotContainItsMarks() throws {
        let generation = try generation("task = \"dialogue\"")
        for mark in ["<|endoftext|>", "[IMG3]", "<ImageHere>"] {
            let error = try #require(throws: RequestError.self) {
                try StoryOrder(StoryRequest(prompt: "a \(mark)\u{301} fox"), generation)
            }
            #expect(error.code == .invalid && error.message.contains(mark))
            let content = SessionContent(turns: [
                SessionTurn(
                    user: [.text("a fox")], answer: [.text("a \(mark)")], reason: .endOfTurn,
                    seed: 1)
            ])
            let told = try #require(throws: RequestError.self) {
                try content.check(for: generation)
            }
            #expect(told.message.contains("the answer contains \(mark)"))
        }
        // To this vocabulary it is text like any other.
        _ = try StoryOrder(StoryRequest(prompt: "a <s> fox"), generation)
    }
}
