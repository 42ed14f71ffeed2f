import Dispatch
import Synchronization
import Testing

@testable import Pipelines

@Suite struct EngineTests {
    private let request = StoryRequest(prompt: "A fox.", seed: 7)
    private let oneAtATime = ["[limits]": "[engine]\nconcurrency = 1\n[limits]"]

    /// Submits a request that stops at its first event of a kind until the gate is opened.
    private func submit(
        to engine: Engine, _ log: EventLog, heldBy gate: DispatchGate,
        at isPlace: @escaping @Sendable (StoryEvent) -> Bool
    ) throws -> Job {
        let isHeld = Mutex(false)
        let job = try engine.submit(request) { event in
            log.append(event)
            let isFirst = isHeld.withLock { held in
                defer { held = held || isPlace(event) }
                return !held && isPlace(event)
            }
            if isFirst { gate.pass() }
        }
        try gate.waitUntilReached()
        return job
    }

    private static func isStart(_ event: StoryEvent) -> Bool {
        if case .started = event { true } else { false }
    }

    private static func isStep(_ event: StoryEvent) -> Bool {
        if case .step = event { true } else { false }
    }

    @Test func cancelTakesEffectWithinAStep() throws {
        let engine = Engine(try echoGeneration())
        defer { engine.shutdown(grace: .zero) }
        let (log, gate) = (EventLog(), DispatchGate())
        let job = try submit(to: engine, log, heldBy: gate, at: Self.isStep)
        job.cancel()
        gate.open()
        let events = try log.wait()
        #expect(events.outline.suffix(2) == ["step 1 1/3", "failed cancelled"])
        #expect(engine.status.cancelled == 1)
        #expect(engine.status.running.isEmpty)
        job.cancel()
        #expect(log.all.count == events.count)
    }

    @Test func theQueueIsBoundedAndInOrder() throws {
        let engine = Engine(try echoGeneration(oneAtATime))
        defer { engine.shutdown(grace: .zero) }
        let (first, gate) = (EventLog(), DispatchGate())
        _ = try submit(to: engine, first, heldBy: gate, at: Self.isStart)
        let (second, third, fourth) = (EventLog(), EventLog(), EventLog())
        let waiting = try engine.submit(request) { second.append($0) }
        _ = try engine.submit(request) { third.append($0) }
        #expect(second.all.outline == ["accepted 1"])
        #expect(third.all.outline == ["accepted 2"])
        #expect(engine.status.waiting == 2)
        do throws(RequestError) {
            _ = try engine.submit(request) { fourth.append($0) }
            Issue.record("the queue took a third request")
        } catch {
            #expect(error.code == .queueFull)
            let wait = try #require(error.retryAfter)
            #expect((Duration.milliseconds(100)...Duration.seconds(60)).contains(wait))
        }
        #expect(fourth.all.isEmpty)

        // A cancelled job ends at once, and its place is free.
        waiting.cancel()
        #expect(second.all.outline == ["accepted 1", "failed cancelled"])
        _ = try engine.submit(request) { fourth.append($0) }
        gate.open()
        #expect(try first.wait().failure == nil)
        #expect(try third.wait().failure == nil)
        #expect(try fourth.wait().failure == nil)
        let status = engine.status
        #expect((status.finished, status.cancelled, status.failed, status.waiting) == (3, 1, 0, 0))
    }

    @Test func anEndSaysWhereItCame() throws {
        let engine = Engine(try echoGeneration())
        defer { engine.shutdown(grace: .zero) }
        let (log, gate) = (EventLog(), DispatchGate())
        let job = try submit(to: engine, log, heldBy: gate, at: Self.isStep)
        #expect(job.position == "image 1, step 1 of 3")
        #expect((job.progress.scene, job.progress.scenes) == (1, 2))
        #expect((job.progress.image, job.progress.step, job.progress.steps) == (1, 1, 3))
        job.cancel()
        gate.open()
        #expect(try log.wait().failure?.message == "cancelled at image 1, step 1 of 3")
    }

    @Test func aDeadlineEndsAJobThatWaits() throws {
        let engine = Engine(try echoGeneration(oneAtATime))
        defer { engine.shutdown(grace: .zero) }
        let (first, second, third, gate) = (EventLog(), EventLog(), EventLog(), DispatchGate())
        _ = try submit(to: engine, first, heldBy: gate, at: Self.isStart)
        let soon = JobTerms(deadline: .now + .milliseconds(20))
        let job = try engine.submit(request, terms: soon) { second.append($0) }
        #expect(job.position == "waiting" && engine.jobsAhead(of: job) == 0)
        // While the inference thread is held.
        #expect(try second.wait().outline == ["accepted 1", "failed deadline_exceeded"])
        let past = JobTerms(deadline: .now - .seconds(1))
        _ = try engine.submit(request, terms: past) { third.append($0) }
        #expect(try third.wait().failure?.message == "the deadline passed while it waited")
        #expect(engine.status.waiting == 0)
        gate.open()
        #expect(try first.wait().failure == nil)
    }

    @Test func aDeadlineEndsAJobThatRuns() throws {
        let engine = Engine(try echoGeneration())
        defer { engine.shutdown(grace: .zero) }
        let log = EventLog()
        let deadline = ContinuousClock.now + .seconds(1)
        _ = try engine.submit(request, terms: JobTerms(deadline: deadline)) { event in
            log.append(event)
            // The step takes until then.
            while Self.isStep(event), ContinuousClock.now < deadline {}
        }
        let outline = try log.wait().outline
        #expect(outline.last == "failed deadline_exceeded")
        #expect(outline.count { $0.hasPrefix("step") } <= 1)
        if outline.contains("step 1 1/3") {
            #expect(log.all.failure?.message == "the deadline passed at image 1, step 1 of 3")
        }
    }

    @Test func aUserCannotTakeAllPlaces() throws {
        let engine = Engine(
            try echoGeneration([
                "queue = 2": "queue = 9\njobs_per_user = 2\nrequest_bytes_per_user = 100"
            ]))
        defer { engine.shutdown(grace: .zero) }
        let (first, gate) = (EventLog(), DispatchGate())
        _ = try submit(to: engine, first, heldBy: gate, at: Self.isStart)
        func refusal(_ user: UInt32, _ prompt: String) -> RequestError? {
            do throws(RequestError) {
                _ = try engine.submit(
                    StoryRequest(prompt: prompt), terms: JobTerms(user: user)
                ) { _ in }
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(1, String(repeating: "a", count: 99)) == nil)
        let large = try #require(refusal(1, "ab"))
        #expect(large.code == .clientLimit && large.message.contains("hold 99 bytes"))
        #expect(refusal(1, "a") == nil)
        let many = try #require(refusal(1, "a"))
        #expect(many.code == .clientLimit && many.message.contains("2 jobs"))
        #expect(many.retryAfter != nil)
        #expect(refusal(2, "a") == nil)
        #expect(
            throws: RequestError(.invalid, "priority is 11; it must be in -10...10")
        ) {
            try engine.submit(request, terms: JobTerms(priority: 11)) { _ in }
        }
        gate.open()
    }

    @Test func aRequestGivesTheSameBytesBehindAnother() throws {
        let generation = try echoGeneration()
        let alone = try run(request, generation)
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let (other, log) = (EventLog(), EventLog())
        _ = try engine.submit(StoryRequest(prompt: "A bear.", seed: 1)) { other.append($0) }
        _ = try engine.submit(request) { log.append($0) }
        #expect(try log.wait().images == alone.images)
        #expect(log.all.text == alone.text)
        #expect(try other.wait().images != alone.images)
    }

    @Test func aRequestKeepsTheGenerationItWasAdmittedWith() throws {
        let engine = Engine(try echoGeneration())
        defer { engine.shutdown(grace: .zero) }
        let (first, second, third, gate) = (EventLog(), EventLog(), EventLog(), DispatchGate())
        _ = try submit(to: engine, first, heldBy: gate, at: Self.isStart)
        _ = try engine.submit(request) { second.append($0) }
        engine.publish(try echoGeneration(number: 2))
        _ = try engine.submit(request) { third.append($0) }
        gate.open()
        #expect(try first.wait().outline.contains("started 1 7"))
        #expect(try second.wait().outline.contains("started 1 7"))
        #expect(try third.wait().outline.contains("started 2 7"))
    }

    @Test func shutdownDrains() throws {
        let engine = Engine(try echoGeneration())
        let (first, second, gate) = (EventLog(), EventLog(), DispatchGate())
        _ = try submit(to: engine, first, heldBy: gate, at: Self.isStart)
        _ = try engine.submit(request) { second.append($0) }
        gate.open()
        engine.shutdown(grace: .seconds(60))
        #expect(first.all.last?.isFinished == true)
        #expect(second.all.last?.isFinished == true)
        do throws(RequestError) {
            _ = try engine.submit(request) { _ in }
            Issue.record("an engine that is shut down took a request")
        } catch {
            #expect(error.code == .shuttingDown)
        }
        #expect(!engine.status.isAccepting)
        engine.shutdown(grace: .zero)
    }

    @Test func shutdownEndsWhatIsLeft() throws {
        let engine = Engine(try echoGeneration(oneAtATime))
        let (first, second, gate) = (EventLog(), EventLog(), DispatchGate())
        _ = try submit(to: engine, first, heldBy: gate, at: Self.isStep)
        _ = try engine.submit(request) { second.append($0) }
        let over = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            engine.shutdown(grace: .milliseconds(1))
            over.signal()
        }
        while engine.status.isAccepting {}
        // Until the grace is over, whatever the machine does meanwhile.
        _ = over.wait(timeout: .now() + 0.2)
        gate.open()
        #expect(over.wait(timeout: .now() + 60) == .success)
        #expect(first.all.failure?.code == .shuttingDown)
        #expect(second.all.outline == ["accepted 1", "failed shutting_down"])
    }
}

extension StoryEvent {
    fileprivate var isFinished: Bool { if case .finished = self { true } else { false } }
}
