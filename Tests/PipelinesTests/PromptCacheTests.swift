import Stages
import Tensors
import Testing

@testable import Pipelines

/// Beginnings of prompts, from one request to another.
@Suite struct PromptCacheTests {
    private struct Piece: LanguageModelPiece {
        let byteCount: Int
    }

    private func key(_ tokens: Int...) -> [PromptPosition] { tokens.map(PromptPosition.token) }

    @Test func aTreeKeepsWhatWasUsedLast() throws {
        var tree = PromptTree()
        let a = tree.add(Piece(byteCount: 10), key(1, 2), after: PromptTree.root)
        _ = tree.add(Piece(byteCount: 10), key(3), after: a)
        let b = tree.add(Piece(byteCount: 10), key(4), after: a)
        _ = tree.add(Piece(byteCount: 10), key(3), after: PromptTree.root)
        #expect(tree.byteCount == 40 && tree.count == 4)
        #expect(tree.next(key(1), after: PromptTree.root) == nil, "whole pieces alone")
        #expect(tree.next(key(3), after: b) == nil, "a piece is of its place")
        _ = tree.next(key(3), after: a)
        // The oldest leaf goes first, and never what others go on from.
        tree.shrink(to: 30)
        #expect(tree.next(key(4), after: a) == nil)
        tree.shrink(to: 20)
        #expect(tree.next(key(3), after: PromptTree.root) == nil)
        #expect(tree.next(key(3), after: a) != nil)
        tree.shrink(to: 10)
        #expect(tree.next(key(1, 2), after: PromptTree.root) != nil && tree.count == 1)
        tree.shrink(to: 0)
        #expect(tree.count == 0 && tree.byteCount == 0)
    }

    @Test func piecesEndWithTheCommonBeginning() {
        let pieces = PromptPieces(common: 10, longest: 4)
        var ends = [0]
        while ends.count < 7 { ends.append(pieces.end(from: ends[ends.count - 1])) }
        #expect(ends == [0, 4, 8, 10, 14, 18, 22])
        let before = [3, 4, 9, 10, 13, 14, 21].map { pieces.end(before: $0) }
        #expect(before == [0, 4, 8, 10, 10, 14, 18])
        #expect(PromptPieces(common: 0, longest: 4).end(before: 7) == 4)
    }

    private func story(
        _ prompt: String, seed: UInt64, pictures: [[UInt8]] = [], _ engine: Engine
    ) throws -> (events: [StoryEvent], reused: Int) {
        let log = EventLog()
        let job = try engine.submit(
            StoryRequest(prompt: prompt, scenes: 2, images: pictures, steps: 1, seed: seed)
        ) { log.append($0) }
        return (try log.wait(), job.reusedPositions)
    }

    /// All that a story brings, but for what tells the job apart.
    private func brought(_ events: [StoryEvent]) -> [StoryEvent] {
        events.filter {
            switch $0 {
            case .accepted, .finished: false
            default: true
            }
        }
    }

    @Test func anotherRequestGoesOnFromTheCommonBeginning() throws {
        let few = "max_new_tokens = 12"
        let generation = try pocketGeneration(["max_new_tokens = 64": few])
        let without = try pocketGeneration([
            "max_new_tokens = 64": few,
            "prompt_cache_bytes = 268_435_456": "prompt_cache_bytes = 0",
        ])
        let prompts = ["Mia the rabbit found a ball.", "A fox sleeps under a tree."]
        let engine = Engine(generation)
        let plain = Engine(without)
        defer {
            engine.shutdown(grace: .zero)
            plain.shutdown(grace: .zero)
        }
        let first = try story(prompts[0], seed: 1, engine)
        let filled = engine.promptCache
        #expect(filled.bytes > 0 && filled.pieces > 0)
        let second = try story(prompts[1], seed: 2, engine)
        let again = try story(prompts[0], seed: 3, engine)
        for (number, (answer, prompt)) in zip(
            [first, second, again], [prompts[0], prompts[1], prompts[0]]
        ).enumerated() {
            let expected = try story(prompt, seed: UInt64(number + 1), plain)
            #expect(brought(answer.events) == brought(expected.events))
            #expect(answer.events.images.map(\.png) == expected.events.images.map(\.png))
            #expect(number == 0 || answer.reused > expected.reused)
        }
        #expect(plain.promptCache.bytes == 0 && plain.promptCache.reused == 0)
        let counters = engine.promptCache
        #expect(counters.reused > 0 && counters.reused < counters.asked)
    }

    /// A model's own: after a swap it is empty, and what still runs on the old one does not fill it.
    @Test func anotherModelFindsNothing() throws {
        let generation = try pocketGeneration(["max_new_tokens = 64": "max_new_tokens = 5"])
        let other = try pocketGeneration(["max_new_tokens = 64": "max_new_tokens = 6"])
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        _ = try story("A fox.", seed: 1, engine)
        #expect(engine.promptCache.bytes > 0)
        engine.publish(other)
        #expect(engine.promptCache.bytes == 0)
        _ = try story("A fox.", seed: 1, engine)
        #expect(engine.promptCache.bytes > 0)
    }

    @Test func theLimitHolds() throws {
        let limit = 600_000
        let generation = try pocketGeneration([
            "max_new_tokens = 64": "max_new_tokens = 5",
            "prompt_cache_bytes = 268_435_456": "prompt_cache_bytes = \(limit)",
        ])
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        for prompt in ["A fox.", "A bear in the snow.", "A rabbit has a ball."] {
            _ = try story(prompt, seed: 1, engine)
            #expect(engine.promptCache.bytes <= limit)
        }
        #expect(engine.promptCache.pieces > 0)
    }
}
