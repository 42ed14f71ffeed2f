import Dispatch
import Testing
import VokenClient
import Wire

/// Each of the client's typed calls: what the daemon is asked, and what comes of its answer.
struct CallClientTests {
    private static let job = JobInfo(
        job: "job-1", state: .running, uid: 1000, session: "", priority: 2, generation: 1,
        progress: JobProgress(image: 1, step: 9, steps: 25), position: "image 1, step 9 of 25",
        ahead: 0, submittedUnixMilliseconds: 5, waitedMilliseconds: 6, ranMilliseconds: 7,
        leftMilliseconds: 8, lastSeq: 9, onDisconnect: .detach, watchers: 0, images: 0,
        failure: nil)

    private static let session = SessionInfo(
        name: "mia", turns: 1, pictures: 1, settings: SessionSettings(seed: 7), cacheBytes: 1,
        pictureBytes: 2, cachedPositions: 3, createdUnixMilliseconds: 4, usedUnixMilliseconds: 5,
        leftMilliseconds: 6, job: "")

    /// A call over the socket: the request that must arrive, and the answer that must come back.
    private func expect<Value: Equatable>(
        _ method: Wire.Method, _ request: [UInt8], answered reply: some Message, _ value: Value,
        _ location: SourceLocation = #_sourceLocation,
        _ call: (Client) throws -> Value
    ) throws {
        let bytes = reply.bytes
        let server = try ScriptedServer([method]) { _ in .init(end: .reply(bytes)) }
        #expect(
            try call(Client.connect(path: server.path)) == value, sourceLocation: location)
        let asked = server.calls
        #expect(asked.map(\.service) == [method.service], sourceLocation: location)
        #expect(asked.map(\.method) == [method.name], sourceLocation: location)
        #expect(asked.map(\.payload) == [request], sourceLocation: location)
    }

    private func expect<Element: StreamEvent>(
        _ method: Wire.Method, _ request: [UInt8], streaming elements: [Element],
        _ location: SourceLocation = #_sourceLocation,
        _ call: (Client) throws -> EventStream<Element>
    ) throws {
        let messages = elements.map(\.bytes)
        let server = try ScriptedServer([method]) { _ in .init(messages: messages) }
        let stream = try call(Client.connect(path: server.path))
        var read: [Element] = []
        while let element = try stream.next() { read.append(element) }
        #expect(read == elements, sourceLocation: location)
        #expect(try stream.next() == nil, sourceLocation: location)
        #expect(server.calls.map(\.payload) == [request], sourceLocation: location)
    }

    @Test func jobs() throws {
        let job = CallClientTests.job
        let request = GenerateRequest(prompt: "p", priority: 3, onDisconnect: .detach)
        try expect(.submit, request.bytes, answered: job, job) { try $0.submit(request) }
        try expect(.getJob, GetJobRequest(job: "job-1").bytes, answered: job, job) {
            try $0.job("job-1")
        }
        try expect(
            .listJobs, ListJobsRequest(ended: true).bytes, answered: ListJobsReply(jobs: [job]),
            [job]
        ) { try $0.jobs(ended: true) }
        let cancelled = CancelReply(
            known: true, state: .cancelled, progress: job.progress, position: job.position,
            microseconds: 38_000)
        try expect(
            .cancel, CancelRequest(job: "job-1").bytes, answered: cancelled, cancelled
        ) { try $0.cancel(job: "job-1") }
        let ended = Event(
            seq: 4, job: "job-1", generation: 1,
            kind: .finished(.init(scenes: 1, images: 0, tokens: 1, milliseconds: 1)))
        try expect(
            .watch, WatchRequest(job: "job-1", fromSeq: 4).bytes, streaming: [ended]
        ) { try $0.watch(job: "job-1", fromSeq: 4) }
    }

    @Test func sessions() throws {
        let session = CallClientTests.session
        let creation = CreateSessionRequest(name: "mia", settings: SessionSettings(seed: 7))
        try expect(.createSession, creation.bytes, answered: session, session) {
            try $0.createSession(creation)
        }
        let turn = SendRequest(session: "mia", turn: GenerateRequest(prompt: "Hello"))
        try expect(.submitTurn, turn.bytes, answered: CallClientTests.job, CallClientTests.job) {
            try $0.submit(turn)
        }
        let event = Event(
            seq: 1, job: "job-1", generation: 0,
            kind: .failed(.init(code: "invalid", message: "m", hint: "h")))
        try expect(.sendTurn, turn.bytes, streaming: [event]) { try $0.send(turn) }
        let history = SessionHistory(
            info: session,
            turns: [.init(user: [.text("Hi")], answer: [.picture(1)], reason: "given", seed: 1)])
        try expect(
            .getSession, GetSessionRequest(session: "mia").bytes, answered: history, history
        ) { try $0.session("mia") }
        try expect(
            .listSessions, [], answered: ListSessionsReply(sessions: [session]), [session]
        ) { try $0.sessions() }
        let fork = ForkSessionRequest(session: "mia", name: "tom", turns: 0)
        try expect(.forkSession, fork.bytes, answered: session, session) {
            try $0.forkSession(fork)
        }
        try expect(
            .truncateSession, TruncateSessionRequest(session: "mia", turns: 2).bytes,
            answered: session, session
        ) { try $0.truncateSession("mia", turns: 2) }
        try expect(
            .exportSession, ExportSessionRequest(session: "mia").bytes,
            streaming: [SessionPart.header(.init(name: "mia")), .picture([1])]
        ) { try $0.exportSession("mia") }
        try expect(
            .deleteSession, DeleteSessionRequest(session: "mia").bytes,
            answered: DeleteSessionReply(), true
        ) {
            try $0.deleteSession("mia")
            return true
        }
    }

    @Test func pipelines() throws {
        let pipeline = GetPipelineReply(
            name: "p", path: "/p.toml", generation: 2, text: "name = \"p\"", stages: [])
        try expect(.getPipeline, [], answered: pipeline, pipeline) { try $0.pipeline() }
        let validation = ValidateRequest(text: "x", path: "/p.toml")
        let problems = ValidateReply(
            problems: [.init(line: 1, code: "syntax", message: "m")], changes: [])
        try expect(.validate, validation.bytes, answered: problems, problems) {
            try $0.validate(validation)
        }
        try expect(
            .watchGenerations, [],
            streaming: [
                GenerationChange(
                    seq: 1, generation: 1, previous: 0, cause: "serving", changes: [])
            ]
        ) { try $0.watchGenerations() }
        let implementation = Implementation(
            kind: "unet", name: "sd", file: "/libU.so", serving: true)
        try expect(
            .listImplementations, ListImplementationsRequest(kind: "unet").bytes,
            answered: ListImplementationsReply(implementations: [implementation]),
            [implementation]
        ) { try $0.implementations(kind: "unet") }
    }

    @Test func operations() throws {
        let stats = StatsReply(
            stages: [], methods: [], waited: Histogram(), ran: Histogram(), refused: [],
            connections: 3, cutOff: [], sessions: 0, sessionBytes: 0, openDescriptors: 9,
            keptJobs: 0, keptBytes: 0)
        try expect(.stats, [], answered: stats, stats) { try $0.stats() }
        try expect(.metrics, [], answered: MetricsReply(text: "a 1\n"), "a 1\n") {
            try $0.metrics()
        }
        try expect(
            .getDescriptors, [], answered: GetDescriptorsReply(fileDescriptorSet: [7]), [7]
        ) { try $0.descriptors() }
        let request = LogsRequest(tail: 2, follow: true, level: "info")
        try expect(
            .logs, request.bytes,
            streaming: (1...3).map {
                LogRecord(
                    seq: $0, unixMilliseconds: 1, level: "info", message: "m",
                    fields: [.init(key: "k", value: "v")])
            }
        ) { try $0.logs(request) }
        try expect(
            .setLogLevel, SetLogLevelRequest(level: "debug").bytes,
            answered: SetLogLevelReply(previous: "info"), "info"
        ) { try $0.setLogLevel("debug") }
        try expect(.drain, [], answered: DrainReply(jobs: 2), 2) { try $0.drain() }
        try expect(.stop, [], answered: StopReply(jobs: 3), 3) { try $0.stop() }
    }

    @Test func health() throws {
        try expect(
            .healthCheck, HealthCheckRequest(service: "s").bytes,
            answered: HealthCheckResponse(status: .notServing), false
        ) { try $0.isServing("s") }
        try expect(
            .healthList, [], answered: HealthListResponse(statuses: ["": .serving]),
            ["": .serving]
        ) { try $0.health() }
        try expect(
            .healthWatch, [],
            streaming: [
                HealthCheckResponse(status: .serving), HealthCheckResponse(status: .notServing),
            ]
        ) { try $0.watchHealth() }
    }

    // MARK: Errors

    @Test func reasonAndTimeToRetryArrive() throws {
        let status = Status(
            .resourceExhausted, "the queue is full", reason: "queue_full",
            retryAfter: .milliseconds(1500))
        let server = try ScriptedServer([.submit]) { _ in .init(end: .fail(status)) }
        let client = try Client.connect(path: server.path)
        let error = #expect(throws: ClientError.self) {
            try client.submit(GenerateRequest(prompt: "p"))
        }
        #expect(error?.code == .refused && error?.message == "the queue is full")
        #expect(error?.reason == "queue_full" && error?.retryAfter == .milliseconds(1500))
    }

    /// What stops a daemon must not stop the next one because the answer was lost.
    @Test func stopIsNotSentTwice() throws {
        for ask in [{ try $0.stop() }, { try $0.drain() }] as [(Client) throws -> Int] {
            let daemon = try LosingDaemon([], perConnection: 0)
            let client = try Client.connect(path: daemon.path)
            let error = #expect(throws: ClientError.self) { _ = try ask(client) }
            #expect(error?.status?.code == .unavailable)
            #expect(daemon.requests.count == 1)
        }
    }

    // MARK: Pictures

    private func artifact(_ parts: [ArtifactPart], _ end: ScriptedServer.End) throws -> [UInt8] {
        let messages = parts.map(\.bytes)
        let server = try ScriptedServer([.getArtifact]) { _ in .init(messages: messages, end: end) }
        return try Client.connect(path: server.path).artifact(job: "job-1", image: 1)
    }

    @Test func pictureIsPutTogether() throws {
        let parts = [
            ArtifactPart(data: [0x61]), ArtifactPart(data: []), ArtifactPart(data: [0x62]),
            ArtifactPart(data: [0x63], sha256: "00"),
        ]
        #expect(try artifact(parts, .finish) == Array("abc".utf8))
        #expect(try artifact([ArtifactPart(data: [], sha256: "00")], .finish) == [])
        let half = [UInt8](repeating: 0x61, count: 500_000)
        #expect(
            try artifact(
                [ArtifactPart(data: half), ArtifactPart(data: half, sha256: "00")], .finish
            ).count == 1_000_000)
    }

    @Test func pictureThatIsCutOffIsRefused() throws {
        let cut = #expect(throws: ClientError.self) {
            try artifact([ArtifactPart(data: [0x61])], .finish)
        }
        #expect(cut?.code == .malformed)
        let refused = #expect(throws: ClientError.self) {
            try artifact([], .fail(Status(.notFound, "no picture 1", reason: "not_found")))
        }
        #expect(refused?.reason == "not_found")
    }

    // MARK: Streams of requests

    @Test func sessionIsImportedInOrder() throws {
        let bytes = CallClientTests.session.bytes
        let server = try ScriptedServer([.importSession]) { _ in .init(end: .reply(bytes)) }
        let parts: [SessionPart] = [
            .header(.init(name: "mia")), .pictureChunk([1]), .picture([2]),
            .turn(.init(user: [.text("a")], answer: [.picture(1)], reason: "given", seed: 3)),
        ]
        let client = try Client.connect(path: server.path)
        #expect(try client.importSession(parts) == CallClientTests.session)
        #expect(server.messages == parts.map(\.bytes))
        #expect(server.calls.map(\.payload) == [[]])
    }

    /// More than may lie unsent: the next part is asked for when there is room.
    @Test func largeImportWaitsForTheDaemon() throws {
        let bytes = CallClientTests.session.bytes
        let server = try ScriptedServer([.importSession]) { _ in .init(end: .reply(bytes)) }
        let part = SessionPart.pictureChunk([UInt8](repeating: 7, count: 2 << 20))
        let client = try Client.connect(path: server.path)
        _ = try client.importSession(Array(repeating: part, count: 48))
        #expect(server.messages.count == 48)
    }

    @Test func refusedImportEndsEarly() throws {
        let status = Status(.alreadyExists, "mia is there already", reason: "exists")
        let server = try ScriptedServer([.importSession], answersEarly: true) { _ in
            .init(end: .fail(status))
        }
        let client = try Client.connect(path: server.path)
        // Would never end by itself.
        let parts = sequence(first: SessionPart.header(.init(name: "mia"))) { _ in .picture([1]) }
        let error = #expect(throws: ClientError.self) { try client.importSession(parts) }
        #expect(error?.reason == "exists")
    }

    @Test func tooLargePartGivesUpTheCall() throws {
        let server = try ScriptedServer([.importSession]) { _ in .init(end: .none) }
        let client = try Client.connect(path: server.path)
        let error = #expect(throws: ClientError.self) {
            try client.importSession([.picture([UInt8](repeating: 0, count: 5 << 20))])
        }
        #expect(error?.code == .tooLarge)
        #expect(server.aborts.wait(timeout: .now() + 20) == .success)
    }
}
