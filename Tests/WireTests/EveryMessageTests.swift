import Testing

@testable import Wire

/// What holds of every message alike.
struct EveryMessageTests {
    private static let histogram = Histogram(
        boundsMilliseconds: [1, 1 << 40], counts: [0, 1 << 41, 3], sumMilliseconds: 1 << 42)

    private static let implementation = Implementation(
        kind: "unet", name: "sd", file: "/lib/libU.so", serving: true)

    /// With every field set, and again with as little as there can be.
    private static let messages: [any Message] = [
        // Generation
        GenerateRequest.example, GenerateRequest(prompt: ""),
        Event(seq: .max, job: "job-1", generation: 2, kind: .text("Ünïcode 🐰")),
        WatchRequest(job: "job-1", fromSeq: .max),
        PollRequest(job: "job-1", fromSeq: 3, wait: -1),
        PollReply(
            events: [
                Event(seq: 1, job: "j", generation: 1, kind: .step(image: 1, step: 2, total: 3)),
                Event(seq: 2, job: "j", generation: 1, kind: .imageChunk(index: 1, data: [0, 9])),
                Event(
                    seq: 3, job: "j", generation: 1,
                    kind: .failed(Event.Failed(code: "c", message: "m", hint: "h"))),
            ], ended: true),
        PollReply(events: [], ended: false),
        JobInfo.example, ListJobsRequest(ended: true),
        ListJobsReply(jobs: [.example, .example]), GetJobRequest(job: "job-1"),
        GetArtifactRequest(job: "job-1", image: 2), ArtifactPart(data: [0, 1, 2], sha256: "ab"),
        ArtifactPart(data: []), CancelRequest(job: "job-1"),
        CancelReply(
            known: true, state: .cancelled, progress: .example, position: "image 1, step 9 of 25",
            microseconds: 38_000), CancelReply(known: false),
        // Sessions
        CreateSessionRequest(name: "mia", settings: .example), CreateSessionRequest(),
        SendRequest(session: "mia", turn: .example),
        SessionInfo.example, SessionHistory(info: .example, turns: [.example, .example]),
        SessionHistory(info: nil, turns: []), GetSessionRequest(session: "mia"),
        ListSessionsReply(sessions: [.example]),
        ForkSessionRequest(session: "mia", name: "tom", turns: 0),
        ForkSessionRequest(session: "mia"), TruncateSessionRequest(session: "mia", turns: 3),
        ExportSessionRequest(session: "mia"), DeleteSessionRequest(session: "mia"),
        DeleteSessionReply(),
        SessionPart.header(
            SessionHeader(format: 2, name: "mia", settings: .example, pipeline: "pocket")),
        SessionPart.header(SessionHeader(format: 0)), SessionPart.pictureChunk([1, 0]),
        SessionPart.picture([]), SessionPart.turn(.example), SessionPart.unknown,
        // Pipeline
        GetPipelineReply(
            name: "pocket", path: "/etc/p.toml", generation: 3, text: "name = \"p\"",
            stages: [.example]),
        ValidateRequest(text: "name = \"p\"", path: "/etc/p.toml"),
        ValidateReply(
            problems: [.init(line: 7, code: "unknown_key", message: "stage.unett")],
            changes: [.example]), ValidateReply(problems: [], changes: []),
        GenerationChange(
            seq: .max, generation: 4, previous: 3, cause: "swap", changes: [.example]),
        ListImplementationsRequest(kind: "unet"),
        ListImplementationsReply(implementations: [implementation]),
        // Admin
        StatsReply(
            stages: [.init(kind: "unet", calls: 1 << 40, items: 1 << 41, microseconds: 1 << 42)],
            methods: [.init(method: "voken.v1.Admin/Status", calls: 1 << 40, errors: 2)],
            waited: histogram, ran: histogram,
            refused: [.init(reason: "queue_full", count: 1 << 40)], connections: 1 << 41,
            cutOff: [.init(reason: "slow", count: 2)], sessions: 3, sessionBytes: 1 << 42,
            openDescriptors: 4, keptJobs: 5, keptBytes: 1 << 43,
            promptCache: .init(bytes: 1 << 40, pieces: 6, positions: 1 << 41, reused: 1 << 42)),
        MetricsReply(text: "# HELP voken_jobs\n"), GetDescriptorsReply(fileDescriptorSet: [1, 0]),
        LogsRequest(tail: 5, follow: true, level: "notice"),
        LogRecord(
            seq: .max, unixMilliseconds: 1 << 41, level: "info", message: "started",
            fields: [.init(key: "pid", value: "7")]),
        SetLogLevelRequest(level: "debug"), SetLogLevelReply(previous: "info"),
        DrainReply(jobs: 3), StopReply(jobs: 4),
        // gRPC's
        HealthCheckResponse(status: .serviceUnknown),
        HealthListResponse(statuses: ["": .notServing, "voken.v1.Admin": .serving]),
        HealthListResponse(statuses: [:]),
        ReflectionRequest(host: "h", query: .fileByName("a.proto")),
        ReflectionRequest(query: .fileContainingSymbol("voken.v1.Event")),
        ReflectionRequest(query: .fileContainingExtension(type: "t", number: -7)),
        ReflectionRequest(query: .extensionNumbers(ofType: "t")),
        ReflectionRequest(query: .services), ReflectionRequest(query: .unknown),
        ReflectionResponse(
            host: "h", request: ReflectionRequest(query: .services),
            answer: .services(["voken.v1.Admin", ""])),
        ReflectionResponse(request: nil, answer: .files([[1, 2], []])),
        ReflectionResponse(request: nil, answer: .extensionNumbers(ofType: "t", [1, -2])),
        ReflectionResponse(request: nil, answer: .error(.notFound, "no such file")),
        ReflectionResponse(request: nil, answer: .unknown),
    ]

    @Test func everyMessageComesBack() throws {
        for message in EveryMessageTests.messages { try comesBack(message) }
    }

    private func comesBack<M: Message>(_ message: M) throws {
        #expect(try M(message.bytes) == message)
        // Fields of a newer peer are ignored: number 1000 as bytes.
        #expect(try M(message.bytes + [0xc2, 0x3e, 2, 7, 7]) == message)
    }

    @Test func everyMessageIsCutAtEveryByte() {
        for message in EveryMessageTests.messages { isCutAtEveryByte(message) }
    }

    private func isCutAtEveryByte<M: Message>(_ message: M) {
        let bytes = message.bytes
        for count in 0..<bytes.count {
            let cut = Array(bytes.prefix(count))
            // What is cut between two fields is a message, too.
            #expect(((try? M(cut)) != nil) == endsWithAField(cut), "\(M.self), \(count) bytes")
        }
    }

    private func endsWithAField(_ bytes: [UInt8]) -> Bool {
        var fields = FieldReader(bytes[...])
        do {
            while try fields.next() != nil {}
            return true
        } catch {
            return false
        }
    }

    @Test func everyMessageIsReadWithAnyByteChanged() {
        var random = SplitMix(seed: 11)
        for message in EveryMessageTests.messages { changed(message, &random) }
    }

    private func changed<M: Message>(_ message: M, _ random: inout SplitMix) {
        let bytes = message.bytes
        for index in bytes.indices {
            for value in [
                0, 0x7f, 0x80, 0xff, bytes[index] ^ 1, UInt8(truncatingIfNeeded: random.next()),
            ] {
                var changed = bytes
                changed[index] = value
                guard let read = try? M(changed) else { continue }
                // Whatever was read can be written, and read again.
                #expect((try? M(read.bytes)) != nil)
            }
        }
        for _ in 0..<100 { _ = try? M(random.bytes(upTo: 80)) }
    }

    // MARK: Values that a sender should not send

    @Test func enumerationsOfOtherPeersPass() throws {
        // -1, as ten bytes.
        let minusOne: [UInt8] = [UInt8](repeating: 0xff, count: 9) + [1]
        #expect(try HealthCheckResponse([8] + minusOne).status.rawValue == -1)
        #expect(try HealthCheckResponse([8, 77]).status.rawValue == 77)
        #expect(try JobInfo([0x10] + minusOne).state.rawValue == -1)
        #expect(try CancelReply([0x10, 99]).state.rawValue == 99)
        // What a newer server calls its default is none of ours.
        #expect(try JobInfo([0x78] + minusOne).onDisconnect == .byDefault)
    }

    @Test func wishThatIsNotKnownIsRefused() {
        let error = #expect(throws: WireError.self) { try GenerateRequest([0x58, 3]) }
        #expect(error?.message.contains("on_disconnect is 3") == true)
        #expect(throws: WireError.self) {
            try SendRequest([0x12, 11, 0x58] + [UInt8](repeating: 0xff, count: 9) + [1])
        }
    }

    @Test func numbersThatAreNonePassToTheReceiver() throws {
        for value in [Double.nan, .infinity, -.infinity, -0.0] {
            let read = try GenerateRequest(GenerateRequest(prompt: "", guidance: value).bytes)
            #expect(read.guidance?.bitPattern == value.bitPattern)
            let settings = CreateSessionRequest(settings: SessionSettings(guidance: value))
            #expect(
                try CreateSessionRequest(settings.bytes).settings.guidance?.bitPattern
                    == value.bitPattern)
        }
        #expect(try DrainReply([8] + [UInt8](repeating: 0xff, count: 9) + [1]).jobs == 0xffff_ffff)
        let request = GenerateRequest(prompt: "", priority: .min)
        #expect(try GenerateRequest(request.bytes).priority == Int(Int32.min))
    }

    @Test func zeroByteEndsTextAndIsNotReadPast() throws {
        // "a\0b" as a C library's peer would not send it.
        #expect(try GetJobRequest([0x0a, 3, 0x61, 0, 0x62]).job == "a")
        let record = LogRecord(
            seq: 1, unixMilliseconds: 0, level: "", message: "a\0b", fields: [])
        #expect(try LogRecord(record.bytes).message == "a\u{FFFD}b")
    }

    @Test func repeatedPartIsMergedAndTheLastOfAOneofCounts() throws {
        // Two times `picture`, then `turn`.
        let bytes: [UInt8] = [0x1a, 1, 5, 0x1a, 2, 6, 7, 0x22, 2, 0x20, 9]
        #expect(
            try SessionPart(bytes) == .turn(Turn(user: [], answer: [], reason: "", seed: 9)))
    }

    @Test func entriesOfAMapMayRepeatAndLackTheirParts() throws {
        // "a": 1, "a": 2, no value, nothing at all.
        let bytes: [UInt8] = [
            0x0a, 7, 0x0a, 1, 0x61, 0x12, 2, 8, 1, 0x0a, 7, 0x0a, 1, 0x61, 0x12, 2, 8, 2,
            0x0a, 3, 0x0a, 1, 0x62, 0x0a, 0,
        ]
        #expect(
            try HealthListResponse(bytes).statuses == [
                "a": .notServing, "b": .unknown, "": .unknown,
            ]
        )
    }

    // MARK: Limits

    private func text(_ count: Int) -> String { String(repeating: "x", count: count) }

    private func isBounded<M: Message>(
        at limit: Int, _ message: (String) -> M, _ location: SourceLocation = #_sourceLocation
    ) throws {
        let longest = message(text(limit))
        #expect(try M(longest.bytes) == longest, sourceLocation: location)
        let error = #expect(throws: WireError.self, sourceLocation: location) {
            try M(message(text(limit + 1)).bytes)
        }
        #expect(error?.code == .tooLarge, sourceLocation: location)
    }

    @Test func textIsBounded() throws {
        try isBounded(at: 256) { GetJobRequest(job: $0) }
        try isBounded(at: 256) { WatchRequest(job: $0) }
        try isBounded(at: 256) { PollRequest(job: $0) }
        try isBounded(at: 256) { GetArtifactRequest(job: $0, image: 1) }
        try isBounded(at: 256) { GetSessionRequest(session: $0) }
        try isBounded(at: 256) { CreateSessionRequest(name: $0) }
        try isBounded(at: 256) { ForkSessionRequest(session: "s", name: $0) }
        try isBounded(at: 256) { DeleteSessionRequest(session: $0) }
        try isBounded(at: 1024) {
            CreateSessionRequest(settings: SessionSettings(scheduler: $0))
        }
        try isBounded(at: 64 << 10) {
            CreateSessionRequest(settings: SessionSettings(schedulerOptions: $0))
        }
        try isBounded(at: 256 << 10) {
            SendRequest(session: "", turn: GenerateRequest(prompt: $0))
        }
        try isBounded(at: 1024) { CancelReply(known: true, position: $0) }
        try isBounded(at: 1024) { ListImplementationsRequest(kind: $0) }
        try isBounded(at: 1024) { LogsRequest(tail: 0, level: $0) }
        try isBounded(at: 1024) { SetLogLevelRequest(level: $0) }
        try isBounded(at: 64 << 10) {
            LogRecord(seq: 1, unixMilliseconds: 0, level: "", message: $0, fields: [])
        }
        try isBounded(at: 1 << 20) { ValidateRequest(text: $0, path: "") }
        try isBounded(at: 4096) { ValidateRequest(text: "", path: $0) }
        try isBounded(at: 1 << 20) { MetricsReply(text: $0) }
        try isBounded(at: 1 << 20) {
            SessionPart.turn(Turn(user: [.text($0)], answer: [], reason: "", seed: 0))
        }
        try isBounded(at: 1024) { ReflectionRequest(query: .fileContainingSymbol($0)) }
    }

    /// The bound of expansion must leave room for what a daemon answers.
    @Test func longListsComeBack() throws {
        let events = (1...20_000).map {
            Event(
                seq: UInt64($0), job: "job-\($0)", generation: 1,
                kind: .step(image: 1, step: 1, total: 2))
        }
        let poll = PollReply(events: events, ended: false)
        #expect(try PollReply(poll.bytes) == poll)
        let job = JobInfo(
            job: "job-1", state: .queued, uid: 1000, session: "", priority: 0, generation: 0,
            progress: JobProgress(), position: "waiting", ahead: 0,
            submittedUnixMilliseconds: 1 << 40,
            waitedMilliseconds: 0, ranMilliseconds: 0, leftMilliseconds: 0, lastSeq: 1,
            onDisconnect: .byDefault, watchers: 0, images: 0, failure: nil)
        let jobs = ListJobsReply(jobs: Array(repeating: job, count: 2000))
        #expect(try ListJobsReply(jobs.bytes) == jobs)
        let sessions = ListSessionsReply(sessions: Array(repeating: .example, count: 2000))
        #expect(try ListSessionsReply(sessions.bytes) == sessions)
        let turn = Turn(
            user: [], answer: (1...2000).flatMap { [.text(text(40)), .picture($0)] }, reason: "",
            seed: 0)
        #expect(try SessionPart(SessionPart.turn(turn).bytes) == .turn(turn))
        let history = SessionHistory(info: nil, turns: Array(repeating: turn, count: 10))
        #expect(try SessionHistory(history.bytes) == history)
    }

    /// As much as two bytes can demand, a million times.
    @Test func expansionIsBounded() {
        let many = [[UInt8]](repeating: [0x0a, 0], count: 1 << 20).flatMap(\.self)
        #expect(throws: WireError.self) { try PollReply(many) }
        #expect(throws: WireError.self) { try ListJobsReply(many) }
        #expect(throws: WireError.self) { try ValidateReply(many) }
        #expect(throws: WireError.self) { try HealthListResponse(many) }
        let turns = [[UInt8]](repeating: [0x12, 0], count: 1 << 20).flatMap(\.self)
        #expect(throws: WireError.self) { try SessionHistory(turns) }
    }
}
