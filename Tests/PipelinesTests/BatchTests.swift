import Synchronization
import Tensors
import Testing

@testable import Pipelines

/// What a job brings does not depend on its company.
@Suite struct BatchTests {
    /// A generator whose numbers are the same each time.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    private struct Guest {
        var request: StoryRequest
        var user: UInt32
        /// The number of its own events at which it is cancelled.
        var cancelAt: Int?
    }

    private func guests(_ count: Int, schedulers: [String?], _ dice: inout Dice) -> [Guest] {
        (0..<count).map { number in
            var request = StoryRequest(
                prompt: ["A fox.", "A bear sleeps under a tree.", "Rain."][number % 3],
                scenes: Int.random(in: 1...3, using: &dice),
                steps: Int.random(in: 4...7, using: &dice),
                seed: UInt64.random(in: 0...99, using: &dice),
                guidance: [1, 2.5, 7][Int.random(in: 0..<3, using: &dice)])
            request.scheduler = schedulers[Int.random(in: 0..<schedulers.count, using: &dice)]
            return Guest(
                request: request, user: UInt32.random(in: 1...3, using: &dice),
                cancelAt: number % 4 == 3 ? Int.random(in: 2...12, using: &dice) : nil)
        }
    }

    /// The events of a job that tell what it brought: all but its number and its times.
    private func brought(_ events: [StoryEvent]) -> [StoryEvent] {
        events.compactMap { event in
            switch event {
            case .accepted: return nil
            case .finished(var summary):
                summary.milliseconds = 0
                return .finished(summary)
            default: return event
            }
        }
    }

    /// Submits all at once, but for a third that comes as others end, and compares with each alone.
    private func mix(_ guests: [Guest], _ generation: Generation) throws {
        let alone = try guests.map { brought(try run($0.request, generation)) }
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let logs = guests.map { _ in EventLog() }
        func submit(_ index: Int) throws {
            let (log, guest) = (logs[index], guests[index])
            let own = Mutex<Job?>(nil)
            let seen = Mutex(0)
            let job = try engine.submit(guest.request, terms: JobTerms(user: guest.user)) { event in
                log.append(event)
                let count = seen.withLock { seen in
                    seen += 1
                    return seen
                }
                if count == guest.cancelAt { own.withLock { $0 }?.cancel() }
            }
            own.withLock { $0 = job }
        }
        let first = guests.count * 2 / 3
        for index in 0..<first { try submit(index) }
        for index in first..<guests.count {
            _ = try logs[index - first].wait()
            try submit(index)
        }
        for (index, guest) in guests.enumerated() {
            let events = brought(
                index < guests.count - first ? logs[index].all : try logs[index].wait())
            if case .failed(let error)? = events.last {
                #expect(error.code == .cancelled && guest.cancelAt != nil, "\(error)")
                #expect(Array(alone[index].prefix(events.count - 1)) == events.dropLast())
            } else {
                #expect(events == alone[index], "job \(index)")
            }
        }
        let status = engine.status
        #expect(status.running.isEmpty && status.waiting == 0 && status.failed == 0)
        engine.shutdown(grace: .seconds(60))
        #expect(!engine.isHeld(generation.number))
    }

    private let wide = """
        [engine]
        concurrency = 6
        unet_batch = 8
        threads = THREADS
        [limits]
        """

    @Test(arguments: [1, 2]) func aMixOnEcho(threads: Int) throws {
        let generation = try echoGeneration([
            "[limits]": wide.replacing("THREADS", with: "\(threads)"), "queue = 2": "queue = 99",
        ])
        var dice = Dice(state: UInt64(threads))
        try mix(guests(24, schedulers: [nil, "ddim", "pndm"], &dice), generation)
    }

    @Test(arguments: [1, 2]) func aMixOnTheSmallModel(threads: Int) throws {
        let generation = try pocketGeneration([
            "unet_batch = 4": "unet_batch = 6",
            "concurrency = 4": "concurrency = 5",
            "threads = 0 ": "threads = \(threads) ",
            "max_new_tokens = 64": "max_new_tokens = 6",
        ])
        var dice = Dice(state: 5)
        var guests = guests(5, schedulers: [nil, "pndm"], &dice)
        for index in guests.indices {
            guests[index].request.scenes = 1 + index % 2
            guests[index].request.steps = 2 + index % 2
        }
        try mix(guests, generation)
    }

    @Test func callsAreShared() throws {
        let generation = try echoGeneration([
            "[limits]": wide.replacing("THREADS", with: "0"), "queue = 2": "queue = 99",
        ])
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let request = StoryRequest(prompt: "A fox.", scenes: 2, steps: 200, seed: 1, guidance: 2)
        let gate = EventLog()
        // Held at its start until the others are there.
        let first = DispatchGate()
        _ = try engine.submit(request) { event in
            if case .started = event { first.pass() }
            gate.append(event)
        }
        try first.waitUntilReached()
        let logs = (0..<3).map { _ in EventLog() }
        for log in logs { _ = try engine.submit(request) { log.append($0) } }
        first.open()
        for log in logs + [gate] { #expect(try log.wait().failure == nil) }
        let unet = try #require(engine.stageCounters[.unet])
        // 4 jobs with 2 images of 200 calls, each for a pair.
        #expect(unet.items == 3200)
        #expect(unet.calls < 1200, "of 1600 that they make alone")
        let model = try #require(engine.stageCounters[.languageModel])
        #expect(model.items > model.calls)
        #expect(engine.stageCounters[.vae]?.calls == 8)
    }

    /// Two users, one with three times as many jobs: the time is halved, not quartered.
    @Test func timeIsSharedBetweenUsers() throws {
        let generation = try echoGeneration([
            "[limits]": wide.replacing("THREADS", with: "0"), "queue = 2": "queue = 99",
        ])
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let order = Mutex<[UInt32]>([])
        let held = DispatchGate()
        let logs = (0..<10).map { _ in EventLog() }
        for (number, log) in logs.enumerated() {
            let user: UInt32 = number == 9 ? 2 : 1
            let request = StoryRequest(prompt: "A fox.", scenes: 3, steps: 4, seed: 1)
            _ = try engine.submit(request, terms: JobTerms(user: user)) { event in
                if case .started = event, number == 0 { held.pass() }
                if case .finished = event { order.withLock { $0.append(user) } }
                log.append(event)
            }
            if number == 0 { try held.waitUntilReached() }
        }
        held.open()
        for log in logs { #expect(try log.wait().failure == nil) }
        #expect(order.withLock { $0 }.last == 1, "one job does not wait for nine")
    }

    /// One member's numbers that are none are its own affair, a wrong shape is everyone's.
    @Test func aFaultFindsItsJob() throws {
        let generation = try echoGeneration()
        func work(_ value: Float) -> StageWork {
            let conditioning = ImageConditioning(Tensor([1, 4, 8], repeating: 0))
            return .predict(
                Prediction(
                    latents: Tensor([2, 4, 4, 4], repeating: value), timestep: 1,
                    conditioning: [conditioning, conditioning]))
        }
        let call = StageCall(generation: generation, works: [work(1), work(.nan), work(2)])
        let answers = call.answers(StageMeter())
        #expect(try answers[0].get().values == [Float](repeating: 1, count: 128))
        #expect(try answers[2].get().values == [Float](repeating: 2, count: 128))
        let error = #expect(throws: RequestError.self) { try answers[1].get() }
        #expect(error?.message.contains("not finite") == true)

        let right = Tensor([2, 4, 4, 4], repeating: 0)
        for outputs in [[right, right], [right, Tensor([1, 4, 4, 4], repeating: 0), right], []] {
            for answer in call.checked(outputs) {
                let error = #expect(throws: RequestError.self) { try answer.get() }
                #expect(error?.code == .stageFailed)
                #expect(error?.message.contains("stage unet gave") == true)
            }
        }
    }
}
