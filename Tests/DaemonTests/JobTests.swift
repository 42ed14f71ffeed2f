import Daemon
import Foundation
import Pipelines
import Testing
import VokenClient
import Wire

struct JobTests {
    private let request = GenerateRequest(prompt: "Mia found a ball", seed: 9)

    private func detached(_ timeout: Int64 = 0) -> GenerateRequest {
        var request = request
        request.onDisconnect = .detach
        request.timeout = timeout
        return request
    }

    // MARK: Watching

    @Test func submittedJobIsWatchedFromAnySeq() throws {
        let server = try TestServer(.tell(imageCount: 5_000_000))
        let client = try server.connect()
        let job = try client.submit(request)
        #expect(job.job == "job-1" && job.onDisconnect == .detach)
        let all = try client.watch(job: job.job).all()
        // Two, the words, four parts of the picture and its rest, the end.
        #expect(all.last?.seq == 12 && all.last?.isEnd == true)
        for seq in 1...7 {
            let rest = try server.connect().watch(job: job.job, fromSeq: UInt64(seq)).all()
            // A picture is handed out whole, by the number of its last part.
            let isSame = rest == Array(all.filter { $0.seq >= seq })
            #expect(isSame)
        }
        let end = try client.watch(job: job.job, fromSeq: 12)
        #expect(try end.next() == all.last)
        #expect(try end.next() == nil)
    }

    @Test func jobIsWatchedWhileItRuns() throws {
        let server = try TestServer(.wait)
        let client = try server.connect()
        let job = try client.submit(request).job
        let (first, second) = (try client.watch(job: job), try server.connect().watch(job: job))
        for story in [first, second] {
            #expect(try story.next()?.kind == .accepted(ahead: 0))
            #expect(try story.next()?.kind == .started(seed: 9))
        }
        #expect(try client.job(job).watchers == 2)
        #expect(try client.job(job).state == .running)
        _ = try client.cancel(job: job)
        for story in [first, second] {
            guard case .failed(let failure)? = try story.all().last?.kind else {
                Issue.record("no failure")
                continue
            }
            #expect(failure.code == "cancelled")
        }
    }

    @Test func detachedJobOutlivesItsClient() throws {
        let server = try TestServer(.wait)
        let job: String
        do {
            let story = try server.connect().generate(detached())
            job = try #require(try story.next()?.job)
        }
        let client = try server.connect()
        #expect(server.wait { (try? client.job(job).watchers) == 0 })
        #expect(server.wait { (try? client.job(job).state) == .running })
        #expect(server.backend.runningCount == 1)
        #expect(try client.cancel(job: job).known)
    }

    @Test func jobThatIsNotDetachedGoesWithItsClient() throws {
        let server = try TestServer(.wait)
        let job: String
        do {
            let story = try server.connect().generate(request)
            job = try #require(try story.next()?.job)
        }
        let client = try server.connect()
        #expect(server.wait { (try? client.job(job).state) == .cancelled })
        let story = try client.watch(job: job)
        let error = #expect(throws: ClientError.self) { _ = try story.next() }
        #expect(error?.status?.reason == "not_kept")
    }

    @Test func pipelineFileSaysWhatBecomesOfJobs() throws {
        let server = try TestServer(.wait) {
            $0.jobs = JobOptions(
                kept: 2, keptBytes: 1 << 20, keptTime: .seconds(60), areDetached: true)
        }
        do { _ = try server.connect().generate(request).next() }
        let client = try server.connect()
        #expect(server.wait { (try? client.jobs().first?.watchers) == 0 })
        #expect(server.wait { (try? client.jobs().first?.state) == .running })
        _ = try client.cancel(job: "job-1")
    }

    @Test func deadlineOfACallLeavesADetachedJob() throws {
        let server = try TestServer(.wait)
        let raw = try RawSocket(server.path)
        let envelope = RequestEnvelope(
            service: "voken.v1.Generation", method: "Generate", payload: detached().bytes,
            timeout: 30_000_000)
        raw.write(Frame(.request, stream: 1, flags: .remoteClosed, payload: envelope.bytes).bytes)
        var decoder = FrameDecoder()
        var status: Status?
        while status == nil, let bytes = raw.read(), !bytes.isEmpty {
            var position = 0
            while case .frame(let frame)? = try decoder.next(bytes.span, from: &position) {
                if frame.kind == .response { status = try ResponseEnvelope(frame.payload).status }
            }
        }
        #expect(status?.code == .deadlineExceeded)
        let client = try server.connect()
        #expect(server.wait { (try? client.job("job-1").state) == .running })
        _ = try client.cancel(job: "job-1")
    }

    // MARK: Polling

    @Test func pollBringsWhatThereIs() throws {
        let server = try TestServer(.tell(imageCount: 5_000_000))
        let poller = try Poller(server.path)
        let job = try server.connect().submit(request).job
        var (seq, events): (UInt64, [Event]) = (0, [])
        while true {
            let reply = try poller.poll(
                PollRequest(job: job, fromSeq: seq, wait: 5_000_000_000))
            events += reply.events
            seq = (events.last?.seq ?? 0) + 1
            if reply.ended { break }
            #expect(!reply.events.isEmpty)
        }
        #expect(events.map(\.seq) == Array(1...UInt64(events.count)))
        #expect(events.last?.isEnd == true)
        let bytes = events.reduce(0) { count, event in
            switch event.kind {
            case .imageChunk(_, let data): count + data.count
            case .imageDone(let image): count + image.png.count
            default: count
            }
        }
        #expect(bytes == 5_000_000)
        let late = try poller.poll(PollRequest(job: job, fromSeq: seq))
        #expect(late == PollReply(events: [], ended: true))
    }

    @Test func pollWaitsNoLongerThanItIsAsked() throws {
        let server = try TestServer(.wait)
        let poller = try Poller(server.path)
        let job = try server.connect().submit(request).job
        _ = try poller.poll(PollRequest(job: job, fromSeq: 2, wait: 5_000_000_000))
        let reply = try poller.poll(PollRequest(job: job, fromSeq: 3, wait: 20_000_000))
        #expect(reply == PollReply(events: [], ended: false))
        _ = try server.connect().cancel(job: job)
        let end = try poller.poll(PollRequest(job: job, fromSeq: 3, wait: 5_000_000_000))
        #expect(end.ended && end.events.count == 1)
    }

    /// What a client waits for ends with its connection, before its time and after.
    @Test func pollerThatGoesLeavesNothingBehind() throws {
        let server = try TestServer(.wait)
        let client = try server.connect()
        let job = try client.submit(request).job
        for _ in 0..<20 {
            let poller = try Poller(server.path)
            _ = try poller.poll(PollRequest(job: job, fromSeq: 1, wait: 30_000_000))
            poller.begin(PollRequest(job: job, fromSeq: 3, wait: 30_000_000))
        }
        #expect(server.wait { (try? client.status().connections) == 1 })
        usleep(60_000)
        #expect(try client.job(job).watchers == 0)
        #expect(try client.cancel(job: job).known)
    }

    // MARK: Cancelling, listing

    @Test func cancelAnswersWhenTheJobHasEnded() throws {
        let server = try TestServer(.wait)
        let client = try server.connect()
        let job = try client.submit(request).job
        let reply = try client.cancel(job: job)
        #expect(reply.known && reply.state == .cancelled && reply.position == "somewhere")
        #expect(try client.job(job).failure?.code == "cancelled")
        let again = try client.cancel(job: job)
        #expect(!again.known && again.state == .cancelled)
        let error = #expect(throws: ClientError.self) { _ = try client.cancel(job: "job-77") }
        #expect(error?.status?.code == .notFound && error?.status?.reason == "no_job")
    }

    @Test func jobsAreListedThoseThatRunFirst() throws {
        let server = try TestServer()
        let client = try server.connect()
        _ = try client.watch(job: try client.submit(request).job).all()
        server.backend.become(.fail(RequestError(.stageFailed, "unet: not finite")))
        _ = try client.watch(job: try client.submit(request).job).all()
        server.backend.become(.wait)
        var urgent = request
        urgent.priority = 7
        _ = try client.submit(urgent)
        #expect(server.wait { (try? client.job("job-3").state) == .running })
        #expect(try client.jobs().map(\.job) == ["job-3"])
        let jobs = try client.jobs(ended: true)
        #expect(jobs.map(\.job) == ["job-3", "job-2", "job-1"])
        #expect(jobs.map(\.state) == [.running, .failed, .finished])
        #expect(jobs.map(\.priority) == [7, 0, 0])
        #expect(jobs.map(\.generation) == [3, 3, 3])
        #expect(jobs.map(\.images) == [0, 0, 1])
        #expect(jobs.allSatisfy { $0.uid == Int(getuid()) && $0.submittedUnixMilliseconds > 0 })
        #expect(jobs[1].failure?.message == "unet: not finite")
        #expect(server.backend.terms.map(\.priority) == [0, 0, 7])
        _ = try client.cancel(job: "job-3")
    }

    @Test func oldJobsAreForgotten() throws {
        let server = try TestServer(.tell(imageCount: 300_000)) {
            $0.jobs = JobOptions(
                kept: 10, keptBytes: 1_000_000, keptTime: .seconds(60), areDetached: false)
        }
        let client = try server.connect()
        for _ in 0..<6 { _ = try client.watch(job: try client.submit(request).job).all() }
        #expect(try client.jobs(ended: true).map(\.job) == ["job-6", "job-5", "job-4"])
        let error = #expect(throws: ClientError.self) { _ = try client.job("job-1") }
        #expect(error?.status?.reason == "no_job")
        // What its own client has had takes no memory, and is listed still.
        for _ in 0..<4 { _ = try client.generate(request).all() }
        #expect(try client.jobs(ended: true).count == 7)
        let stats = try client.stats()
        #expect(stats.keptJobs == 7 && stats.keptBytes < 1_000_000)
    }

    /// One that is forgotten while its client still has it to read is not counted off twice.
    @Test func jobThatIsTooLargeIsNotKept() throws {
        let server = try TestServer(.tell(imageCount: 3_000_000)) {
            $0.listener.connection.highWater = 10_000
            $0.listener.connection.lowWater = 1000
            $0.jobs = JobOptions(
                kept: 10, keptBytes: 1_000_000, keptTime: .seconds(60), areDetached: false)
        }
        let client = try server.connect()
        do {
            let silent = try RawSocket(server.path)
            let envelope = RequestEnvelope(
                service: "voken.v1.Generation", method: "Generate", payload: request.bytes)
            silent.write(
                Frame(.request, stream: 1, flags: .remoteClosed, payload: envelope.bytes).bytes)
            let backend = server.backend
            #expect(server.wait { backend.requests.count == 1 && backend.runningCount == 0 })
            #expect(server.wait { (try? client.jobs(ended: true).isEmpty) == true })
        }
        #expect(server.wait { (try? client.status().connections) == 1 })
        server.backend.become(.tell(imageCount: 10_000))
        let job = try client.submit(request).job
        _ = try client.watch(job: job).all()
        #expect(try client.jobs(ended: true).map(\.job) == [job])
        let stats = try client.stats()
        #expect(stats.keptJobs == 1 && stats.keptBytes > 10_000)
    }

    @Test(arguments: [1000, 3_670_017])
    func artifactComesWhole(count: Int) throws {
        let server = try TestServer(.tell(imageCount: count))
        let client = try server.connect()
        let job = try client.submit(request).job
        _ = try client.watch(job: job).all()
        let expected = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let isSame = try client.artifact(job: job, image: 1) == expected
        #expect(isSame)
        let missing = #expect(throws: ClientError.self) {
            _ = try client.artifact(job: job, image: 2)
        }
        #expect(missing?.status?.reason == "no_image")
    }

    // MARK: The end

    @Test func drainWaitsForDetachedJobs() throws {
        let server = try TestServer(.wait)
        let client = try server.connect()
        let job = try client.submit(request).job
        // Whoever watches stays connected.
        let story = try client.watch(job: job)
        #expect(try client.drain() == 1)
        #expect(server.wait { (try? client.job(job).state) == .running })
        #expect(try !client.isServing())
        let refused = #expect(throws: ClientError.self) { _ = try client.submit(request) }
        #expect(refused?.status?.reason == "shutting_down")
        #expect(try client.cancel(job: job).known)
        #expect(try story.all().last?.isEnd == true)
        server.server.waitUntilStopped()
    }

    @Test func drainWaitsForAJobThatNobodyWatches() throws {
        let server = try TestServer(.wait)
        _ = try server.connect().submit(request)
        server.server.drain()
        usleep(50_000)
        #expect(server.backend.runningCount == 1)
        server.server.drain()
        server.server.waitUntilStopped()
        #expect(server.backend.runningCount == 0)
    }

    @Test func stopCancelsWhatRuns() throws {
        let server = try TestServer(.wait)
        let story = try server.connect().generate(request)
        _ = try story.next()
        #expect(try server.connect().stop() == 1)
        guard case .failed(let failure)? = try story.all().last?.kind else {
            Issue.record("no failure")
            return
        }
        #expect(failure.code == "shutting_down")
        server.server.waitUntilStopped()
    }
}

/// Calls that the client library makes by itself, one by one.
private final class Poller {
    private let raw: RawSocket
    private var stream: UInt32 = 1
    private var decoder = FrameDecoder()
    /// What was read last; before `position` it is decoded.
    private var bytes: [UInt8] = []
    private var position = 0

    init(_ path: String) throws { raw = try RawSocket(path) }

    func poll(_ request: PollRequest) throws -> PollReply {
        begin(request)
        let response = try ResponseEnvelope(try frame().payload)
        if let status = response.status { throw status }
        return try PollReply(response.payload)
    }

    func begin(_ request: PollRequest) {
        let envelope = RequestEnvelope(
            service: "voken.v1.Generation", method: "Poll", payload: request.bytes)
        raw.write(Frame(.request, stream: stream, payload: envelope.bytes).bytes)
        stream += 2
    }

    private func frame() throws -> Frame {
        while true {
            let read = bytes
            if case .frame(let frame)? = try decoder.next(read.span, from: &position) {
                return frame
            }
            bytes = try #require(raw.read())
            position = 0
            try #require(!bytes.isEmpty)
        }
    }
}
