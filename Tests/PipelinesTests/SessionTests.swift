import Checkpoints
import Images
import Stages
import Synchronization
import Tensors
import Testing

@testable import Pipelines

/// Conversations, on Echo and on the small model.
@Suite struct SessionTests {
    private let user: UInt32 = 7

    /// Takes one turn to its end.
    @discardableResult
    private func take(
        _ turn: TurnRequest, _ session: String, _ engine: Engine
    ) throws -> (events: [StoryEvent], job: Job) {
        let log = EventLog()
        let job = try engine.submit(turn, session: session, terms: JobTerms(user: user)) {
            log.append($0)
        }
        return (try log.wait(), job)
    }

    @discardableResult
    private func say(
        _ text: String, _ session: String, _ engine: Engine
    ) throws -> [StoryEvent] {
        try take(TurnRequest(text: text), session, engine).events
    }

    private func picture(_ red: UInt8) -> [UInt8] {
        Image(width: 20, height: 10, red: red, green: 30, blue: 90).png()
    }

    private func refusal(_ body: () throws -> Void) throws -> RequestError {
        try #require(throws: RequestError.self, performing: body)
    }

    private static let longStory = [
        "scenes = 2": "scenes = 2\nseed = 3", "[limits]": "[engine]\nprefill_chunk = 16\n[limits]",
    ]
    private static let smallModel = ["max_new_tokens = 64": "max_new_tokens = 12"]
    /// A session's own cache is all that there is.
    private static let alone = [
        "prompt_cache_bytes = 268_435_456": "prompt_cache_bytes = 0"
    ]

    private func generations() throws -> [Generation] {
        [try echoGeneration(Self.longStory), try pocketGeneration(Self.smallModel)]
    }

    /// "Once", "", "" and so on is what one request for so many scenes is.
    @Test(arguments: [0, 1]) func turnsTellTheStoryThatARequestTells(index: Int) throws {
        let generation = try generations()[index]
        let scenes = index == 0 ? 5 : 3
        let request = StoryRequest(
            prompt: "Mia the rabbit found a ball.", scenes: scenes, images: [picture(200)],
            steps: 2, seed: 5)
        let whole = try run(request, generation)
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let session = try engine.sessions.create(
            settings: SessionSettings(steps: 2, seed: 5), user: user)
        var events = try take(
            TurnRequest(text: request.prompt, images: request.images), session.name, engine
        ).events
        var reused = 0
        for _ in 1..<scenes {
            let (turn, job) = try take(TurnRequest(text: ""), session.name, engine)
            events += turn
            reused += job.reusedPositions
        }
        #expect(events.images == whole.images && events.images.count >= scenes)
        #expect(events.text == whole.text)
        #expect(events.reasons == whole.reasons)
        #expect(reused > 0)
        let content = try engine.sessions.get(session.name, user: user)
        #expect(content.turns.count == scenes)
        #expect(content.pictures.map(\.file) == request.images + whole.images.map(\.png))
        #expect(content.turns[0].user == [.picture(1), .text(request.prompt)])
        #expect(content.turns[0].answer == [.picture(2)])
        #expect(content.turns.map(\.seed) == Array(repeating: 5, count: scenes))
        let summary = try engine.sessions.summary(of: session.name, user: user)
        #expect(summary.cacheBytes > 0 && summary.cachedPositions > 0 && summary.job == nil)
        #expect(summary.pictureBytes == content.pictures.reduce(0) { $0 + $1.file.count })
    }

    /// The scenes of one request use the sequence of the scene before.
    @Test func aStoryUsesItsPromptsAgain() throws {
        let generation = try pocketGeneration(Self.smallModel)
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let log = EventLog()
        let job = try engine.submit(
            StoryRequest(prompt: "Mia the rabbit found a ball.", scenes: 3, steps: 1, seed: 1)
        ) { log.append($0) }
        #expect(try log.wait().failure == nil)
        #expect(job.reusedPositions > 0)
    }

    @Test(arguments: [0, 1]) func forksTruncationAndExportsGoOnAlike(index: Int) throws {
        let generation = try generations()[index]
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let store = engine.sessions
        let settings = SessionSettings(steps: 1, seed: 9)
        let one = try store.create(name: "one", settings: settings, user: user).name
        try say("Mia the rabbit found a ball.", one, engine)
        let second = try say("", one, engine)
        let before = try store.get(one, user: user)

        // A fork goes its own way.
        let fork = try store.fork(one, name: "fork", turns: 1, user: user)
        #expect((fork.turns, fork.pictures) == (1, 1))
        let other = try say("A bear came.", fork.name, engine)
        #expect(other.images != second.images)
        #expect(try store.get(one, user: user) == before)
        #expect(try store.get("fork", user: user).turns[0] == before.turns[0])

        let third = try say("", one, engine)
        // Pictures of other turns take the numbers of those that were forgotten.
        #expect(try store.truncate(one, turns: 1, user: user).turns == 1)
        let detour = try say("A bear came.", one, engine)
        #expect(detour.images == other.images)
        try say("", one, engine)
        #expect(try store.truncate(one, turns: 1, user: user).pictures == 1)
        #expect(try say("", one, engine).images == second.images)
        let (again, job) = try take(TurnRequest(text: ""), one, engine)
        #expect(again.images == third.images && again.text == third.text)
        #expect(index == 0 || job.reusedPositions > 0)

        // Another engine goes on from an export.
        let elsewhere = Engine(generation)
        defer { elsewhere.shutdown(grace: .zero) }
        let copy = try elsewhere.sessions.import(before, name: "copy", user: 8)
        #expect(copy.turns == 2)
        let log = EventLog()
        _ = try elsewhere.submit(
            TurnRequest(text: ""), session: "copy", terms: JobTerms(user: 8)
        ) { log.append($0) }
        #expect(try log.wait().images == third.images)
        #expect(log.all.text == third.text)
    }

    /// Whatever the caches may hold, the same is told.
    @Test func cachesAreDroppedUnderPressure() throws {
        let roomyModel = Self.smallModel.merging(Self.alone) { $1 }
        let small = roomyModel.merging(
            ["\ncache_bytes = 536_870_912": "\ncache_bytes = 1_500_000"]
        ) { $1 }
        let generation = try pocketGeneration(small)
        let roomy = Engine(try pocketGeneration(roomyModel))
        let engine = Engine(generation)
        defer {
            roomy.shutdown(grace: .zero)
            engine.shutdown(grace: .zero)
        }
        var told: [[StoryEvent]] = []
        var reused: [Int] = []
        for engine in [roomy, engine] {
            for name in ["a", "b", "c"] {
                _ = try engine.sessions.create(
                    name: name, settings: SessionSettings(steps: 1, seed: 2), user: user)
                try say("Mia the rabbit found a ball.", name, engine)
                if name == "a" { try say("", name, engine) }
            }
            #expect(engine.sessions.totals.cacheBytes <= engine.generation.file.sessions.cacheBytes)
            let (events, job) = try take(TurnRequest(text: ""), "a", engine)
            told.append(events)
            reused.append(job.reusedPositions)
        }
        #expect(told[0].images == told[1].images && told[0].text == told[1].text)
        #expect(reused[0] > 0 && reused[1] == 0)
        #expect(engine.sessions.list(user: user).map(\.name) == ["a", "c", "b"])
        #expect(engine.sessions.list(user: user)[2].cacheBytes == 0)
    }

    @Test func dialoguesAnswerWhatIsSaid() throws {
        let generation = try echoGeneration([
            "[limits]": "[language]\ntask = \"dialogue\"\n[limits]"
        ])
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let session = try engine.sessions.create(user: user).name
        let first = try take(
            TurnRequest(text: "Hello.", images: [picture(1)]), session, engine
        ).events
        #expect(first.outline.contains("scene 1/1") && first.reasons == [.endOfTurn])
        #expect(first.images.count == 1)
        let second = try take(
            TurnRequest(text: "And this?", images: [picture(2)]), session, engine
        ).events
        #expect(second.outline.contains("scene 2/2") && second.failure == nil)
        #expect(second.contains(.sceneEnded(index: 2, reason: .endOfTurn)))
        let content = try engine.sessions.get(session, user: user)
        #expect(content.turns[1].user == [.picture(3), .text("And this?")])
        #expect(content.turns[1].answer == [.text("A picture of it."), .picture(4)])
        let context = StoryContext(content, .dialogue, generation.file.limits)
        #expect(
            context.history.scenes[2...] == [
                [.image(2), .text("And this?")], [.text("A picture of it."), .image(3)],
            ])
        #expect(try refusal { try say(" ", session, engine) }.message.contains("the text is empty"))
        #expect(try engine.sessions.summary(of: session, user: user).job == nil)
    }

    @Test func captionsAreDrawnOneByOne() throws {
        let engine = Engine(
            try echoGeneration(["[limits]": "[language]\ntask = \"caption\"\n[limits]"]))
        defer { engine.shutdown(grace: .zero) }
        let session = try engine.sessions.create(user: user).name
        for _ in 0..<2 {
            #expect(try say("A fox.", session, engine).reasons == [.illustrated])
        }
        #expect(try refusal { try say("", session, engine) }.code == .invalid)
        let shown = TurnRequest(text: "A fox.", images: [picture(1)])
        #expect(try refusal { try take(shown, session, engine) }.code == .invalid)
        #expect(try engine.sessions.get(session, user: user).turns.count == 2)
    }

    @Test func aLongConversationForgetsItsBeginning() throws {
        let engine = Engine(
            try echoGeneration([
                "[limits]": "[language]\nmax_new_tokens = 40\n[limits]\ncontext_tokens = 400"
            ]))
        defer { engine.shutdown(grace: .zero) }
        let session = try engine.sessions.create(user: user).name
        for turn in 0..<8 {
            let text = turn.isMultiple(of: 2) ? String(repeating: "fox ", count: 20) : ""
            let shown = turn == 3 ? [picture(9)] : []
            let events = try take(TurnRequest(text: text, images: shown), session, engine).events
            #expect(events.failure == nil && events.images.count == 1)
        }
        let long = String(repeating: "fox ", count: 60)
        #expect(try refusal { try say(long, session, engine) }.code == .tooLong)
    }

    /// A turn that fails or is cancelled leaves the session as it was.
    @Test func failuresLeaveNoTrace() throws {
        let generation = try echoGeneration(Self.longStory)
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let session = try engine.sessions.create(
            settings: SessionSettings(seed: 4), user: user
        ).name
        try say("A fox.", session, engine)
        let before = try engine.sessions.get(session, user: user)
        let broken = TurnRequest(text: "A bear.", images: [picture(1), [1, 2, 3]])
        #expect(try take(broken, session, engine).events.failure?.code == .badImage)
        #expect(try engine.sessions.get(session, user: user) == before)

        let (log, gate) = (EventLog(), DispatchGate())
        let job = try engine.submit(
            TurnRequest(text: "", images: [picture(2)]), session: session,
            terms: JobTerms(user: user)
        ) { event in
            log.append(event)
            if case .step(_, 1, _) = event { gate.pass() }
        }
        try gate.waitUntilReached()
        #expect(job.session == session)
        #expect(try engine.sessions.summary(of: session, user: user).job == job.id)
        #expect(engine.sessions.totals.busy == 1)
        let busy = try refusal { try say("", session, engine) }
        #expect(busy.code == .sessionBusy)
        #expect(
            try refusal { _ = try engine.sessions.truncate(session, turns: 0, user: user) }.code
                == .sessionBusy)
        job.cancel()
        gate.open()
        #expect(try log.wait().failure?.code == .cancelled)
        #expect(try engine.sessions.get(session, user: user) == before)
        #expect(engine.sessions.totals.busy == 0)

        let fresh = try engine.sessions.fork(session, user: user).name
        #expect(
            try say("", session, engine).images == say("", fresh, engine).images,
            "whatever the failed turns have left in the cache")
    }

    @Test func deletingCancelsTheTurn() throws {
        let engine = Engine(try echoGeneration(Self.longStory))
        defer { engine.shutdown(grace: .zero) }
        _ = try engine.sessions.create(name: "trip", user: user)
        let (log, gate) = (EventLog(), DispatchGate())
        _ = try engine.submit(
            TurnRequest(text: "A fox."), session: "trip", terms: JobTerms(user: user)
        ) { event in
            log.append(event)
            if case .step(_, 1, _) = event { gate.pass() }
        }
        try gate.waitUntilReached()
        #expect(throws: RequestError.self) { try engine.sessions.delete("trip", user: user + 1) }
        try engine.sessions.delete("trip", user: user)
        // Another of that name has nothing to do with it.
        _ = try engine.sessions.create(name: "trip", user: user)
        gate.open()
        #expect(try log.wait().failure?.code == .cancelled)
        #expect(try engine.sessions.get("trip", user: user).turns.isEmpty)
        #expect(engine.sessions.totals.busy == 0)
    }

    /// After a swap the old stage's caches are of no use, and are let go.
    @Test func aSwapDropsCaches() throws {
        let generation = try echoGeneration(Self.longStory)
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let swapper = Swapper(engine, host: generation.host, options: generation.file.swap)
        let session = try engine.sessions.create(
            settings: SessionSettings(seed: 4), user: user
        ).name
        try say("A fox.", session, engine)
        try say("", session, engine)
        #expect(try engine.sessions.summary(of: session, user: user).cachedPositions > 0)
        let done = EventLog()
        swapper.perform(.change(StageChange(.languageModel, isFresh: true))) { event in
            switch event {
            case .finished, .failed: done.append(.failed(RequestError(.cancelled, "over")))
            default: break
            }
        }
        _ = try done.wait()
        let (events, job) = try take(TurnRequest(text: ""), session, engine)
        #expect(events.failure == nil && job.generation == 2 && job.reusedPositions == 0)
        let (next, again) = try take(TurnRequest(text: ""), session, engine)
        #expect(next.failure == nil && again.reusedPositions > 0)
    }

    /// What was drawn may be larger than what users may send.
    @Test func limitsOfUsersPicturesAreNotForDrawnOnes() throws {
        let generation = try echoGeneration(["[limits]": "[limits]\nimage_bytes = 100"])
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let session = try engine.sessions.create(user: user).name
        try say("A fox.", session, engine)
        #expect(try say("", session, engine).failure == nil)
        let content = try engine.sessions.get(session, user: user)
        #expect(content.pictures[0].file.count > 100)
        #expect(throws: Never.self) { try engine.sessions.import(content, user: user) }
    }

    /// A picture's file holds what it depends on, and still can be read again, however long the
    /// conversation was.
    @Test func recipesOfLongConversationsAreShort() throws {
        let generation = try echoGeneration(Self.longStory)
        let picture = SessionPicture(file: picture(1))
        func recipe(_ turns: Int, _ changed: String = "A fox.") throws -> [RecipeEntry] {
            var content = SessionContent()
            for turn in 0..<turns {
                content.turns.append(
                    SessionTurn(
                        user: [.picture(turn + 1), .text(turn == 5 ? changed : "A fox.")],
                        answer: [], reason: .illustrated, seed: 1))
                content.pictures.append(picture)
            }
            let order = try StoryOrder(
                TurnRequest(text: "A bear."), of: content, memory: ContextMemory(), generation)
            return Recipe(order, scene: turns + 1, image: 1).entries
        }
        let long = try recipe(190)
        #expect(long.count < 40)
        #expect(try recipe(190, "A wolf.") != long)
        #expect(try recipe(0).contains { $0.key == "prompt_sha256" })
        #expect(try !recipe(0).contains { $0.key == "later_turns_sha256" })
        let file = Image(width: 8, height: 8, red: 1, green: 2, blue: 3)
            .png(text: long.map { ($0.key, $0.value) })
        #expect(throws: Never.self) { try Image.decode(file) }
    }
}
