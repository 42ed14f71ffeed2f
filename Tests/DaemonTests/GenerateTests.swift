import Foundation
import Pipelines
import Testing
import VokenClient
import Wire

struct GenerateTests {
    private let request = GenerateRequest(
        prompt: "Mia found a ball", scenes: 2, images: [[1, 2], []], steps: 7, seed: 9,
        guidance: 2.5, scheduler: "ddim")

    @Test func storyComesInOrderAndWhole() throws {
        let server = try TestServer()
        let events = try server.connect().generate(request).all()
        #expect(events.map(\.seq) == Array(1...8))
        #expect(Set(events.map(\.job)) == ["job-1"])
        #expect(events.map(\.generation) == [0] + Array(repeating: 3, count: 7))
        #expect(events.first?.kind == .accepted(ahead: 0))
        #expect(events[1].kind == .started(seed: 9))
        #expect(events[2...5].map(\.kind) == ["Mia ", "found ", "a ", "ball "].map { .text($0) })
        guard case .imageDone(let image) = events[6].kind else {
            Issue.record("\(events[6])")
            return
        }
        #expect(image.png.count == 1000 && image.width == 64 && image.height == 48)
        #expect(image.recipe == [Event.RecipeEntry(key: "seed", value: "1")])
        #expect(events.last?.isEnd == true)
        #expect(
            server.backend.requests == [
                StoryRequest(
                    prompt: "Mia found a ball", scenes: 2, images: [[1, 2], []], steps: 7,
                    seed: 9, guidance: 2.5, scheduler: "ddim")
            ])
    }

    @Test func storyAsAnAsynchronousSequence() async throws {
        let server = try TestServer()
        var kinds = 0
        for try await event in try server.connect().generate(request) {
            kinds += 1
            #expect(event.job == "job-1")
        }
        #expect(kinds == 8)
    }

    /// Over one frame: the server cuts it, the client joins it.
    @Test(arguments: [3_670_016, 3_670_017, 9_000_001])
    func largeImageComesWhole(count: Int) throws {
        let server = try TestServer(.tell(imageCount: count))
        let events = try server.connect().generate(request).all()
        let images = events.compactMap { event -> [UInt8]? in
            guard case .imageDone(let image) = event.kind else { return nil }
            return image.png
        }
        let expected = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let isSame = images == [expected]
        #expect(isSame)
    }

    @Test func twoClientsAtOnce() throws {
        let server = try TestServer()
        let stories = try (0..<2).map { number in
            try server.connect().generate(
                GenerateRequest(prompt: String(repeating: "\(number) ", count: 500)))
        }
        for (number, story) in stories.enumerated().reversed() {
            let text = try story.all().compactMap { event -> String? in
                guard case .text(let text) = event.kind else { return nil }
                return text
            }
            #expect(text == Array(repeating: "\(number) ", count: 500))
        }
    }

    @Test func manyStoriesOnOneConnection() throws {
        let server = try TestServer()
        let client = try server.connect()
        let stories = try (0..<50).map { _ in try client.generate(request) }
        for story in stories { #expect(try story.all().count == 8) }
    }

    // MARK: Refusals and failures

    @Test(
        arguments: zip(
            RequestError.Code.allCases,
            [
                .invalidArgument, .invalidArgument, .invalidArgument, .resourceExhausted,
                .resourceExhausted, .cancelled, .deadlineExceeded, .unavailable, .internal,
                .notFound, .alreadyExists, .failedPrecondition, .resourceExhausted,
            ] as [Status.Code]))
    func refusalIsThrown(code: RequestError.Code, expected: Status.Code) throws {
        let server = try TestServer(
            .refuse(
                RequestError(
                    code, "steps is 0: use 1 or more", retryAfter: .milliseconds(1500))))
        let story = try server.connect().generate(request)
        let error = #expect(throws: ClientError.self) { _ = try story.next() }
        #expect(error?.code == .refused)
        #expect(error?.status?.code == expected)
        #expect(error?.status?.message == "steps is 0: use 1 or more")
        #expect(error?.status?.reason == code.rawValue)
        #expect(error?.status?.retryAfter == .milliseconds(1500))
        #expect(try story.next() == nil)
    }

    @Test func failureIsTheLastEvent() throws {
        let server = try TestServer(.fail(RequestError(.stageFailed, "unet: not finite")))
        let events = try server.connect().generate(request).all()
        guard case .failed(let failure)? = events.last?.kind else {
            Issue.record("\(events)")
            return
        }
        #expect(failure.code == "stage_failed" && failure.message == "unet: not finite")
        #expect(!failure.hint.isEmpty)
    }

    @Test func tooLargeARequestIsNotSent() throws {
        let server = try TestServer()
        let client = try server.connect()
        let large = GenerateRequest(prompt: "p", images: [[UInt8](repeating: 0, count: 4 << 20)])
        let error = #expect(throws: ClientError.self) { _ = try client.generate(large) }
        #expect(error?.code == .tooLarge)
        #expect(try client.generate(request).all().count == 8)
    }

    // MARK: Giving up

    @Test func cancelByIDEndsAStoryOfAnotherClient() throws {
        let server = try TestServer(.wait)
        let story = try server.connect().generate(request)
        let job = try #require(try story.next()?.job)
        let other = try server.connect()
        #expect(try other.cancel(job: job).known)
        let last = try story.all().last
        guard case .failed(let failure)? = last?.kind else {
            Issue.record("\(String(describing: last))")
            return
        }
        #expect(failure.code == "cancelled")
        #expect(try !other.cancel(job: job).known)
    }

    @Test func cancelledStoryThrowsAndStopsTheJob() throws {
        let server = try TestServer(.wait)
        let story = try server.connect().generate(request)
        _ = try story.next()
        story.cancel()
        #expect(throws: ClientError.self) { _ = try story.all() }
        #expect(server.backend.cancels.wait(timeout: .now() + 20) == .success)
    }

    @Test func droppedStoryStopsTheJob() throws {
        let server = try TestServer(.wait)
        let client = try server.connect()
        _ = try client.generate(request).next()
        #expect(server.backend.cancels.wait(timeout: .now() + 20) == .success)
        #expect(try client.isServing())
    }

    @Test(.timeLimit(.minutes(2))) func cancelledTaskStopsTheJob() async throws {
        let server = try TestServer(.wait)
        let client = try server.connect()
        let task = Task { [request] in
            for try await _ in try client.generate(request) {}
        }
        // Not a blocking wait: the task may need this very thread.
        while server.backend.runningCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        await #expect(throws: ClientError.self) { try await task.value }
        while server.backend.runningCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func deadlineEndsTheStory() throws {
        let server = try TestServer(.wait)
        let start = ContinuousClock.now
        let story = try server.connect().generate(
            GenerateRequest(prompt: "p", timeout: 50_000_000))
        guard case .failed(let failure)? = try story.all().last?.kind else {
            Issue.record("no failure")
            return
        }
        #expect(failure.code == "deadline_exceeded")
        #expect(ContinuousClock.now - start >= .milliseconds(50))
        #expect(server.backend.cancels.wait(timeout: .now() + 20) == .success)
    }

    /// The engine never waits for a client, and the server keeps little for it.
    @Test func slowReaderMissesStepsOnly() throws {
        let server = try TestServer(.flood) { settings in
            settings.listener.connection.highWater = 100_000
            settings.listener.connection.lowWater = 10_000
        }
        let raw = try RawSocket(server.path)
        let envelope = RequestEnvelope(
            service: "voken.v1.Generation", method: "Generate",
            payload: GenerateRequest(prompt: "p").bytes)
        raw.write(Frame(.request, stream: 1, flags: .remoteClosed, payload: envelope.bytes).bytes)
        usleep(500_000)
        var decoder = FrameDecoder()
        var gap = false
        var last: UInt64 = 0
        reading: while let bytes = raw.read(), !bytes.isEmpty {
            var position = 0
            while case .frame(let frame)? = try decoder.next(bytes.span, from: &position) {
                let seq = try Event(frame.payload).seq
                #expect(seq > last)
                gap = gap || seq > last + 1
                last = seq
                if gap { break reading }
            }
        }
        #expect(gap)
    }
}
