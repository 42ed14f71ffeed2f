import Daemon
import Foundation
import Pipelines
import Testing
import VokenClient
import Wire

/// What an operator asks, and what is told to those who watch.
struct OperatorTests {
    @Test func pipelineIsShownCheckedAndListed() throws {
        let server = try TestServer()
        let client = try server.connect()
        let pipeline = try client.pipeline()
        #expect(pipeline.name == "fake" && pipeline.path == "/p/fake.toml")
        #expect(pipeline.text == "format = 1\n" && pipeline.stages.map(\.kind) == ["unet"])
        let review = try client.validate(ValidateRequest(text: "x = 1", path: "/a/b.toml"))
        #expect(
            review.problems == [
                PipelineProblem(line: 2, code: "bad_setting", message: "x = 1 in /a/b.toml")
            ])
        #expect(
            review.changes == [.init(key: "stage.unet.model", before: "\"a\"", after: "")])
        let relative = #expect(throws: ClientError.self) {
            _ = try client.validate(ValidateRequest(text: "x", path: "b.toml"))
        }
        #expect(relative?.status?.code == .invalidArgument)
        let offers = try client.implementations()
        #expect(offers.map(\.name) == ["u", "v"] && offers.map(\.serving) == [true, false])
        #expect(try client.implementations(kind: "vae").map(\.file) == ["/p/libv.so"])
    }

    @Test func changesOfThePipelineAreTold() throws {
        let server = try TestServer()
        let watch = try server.connect().watchGenerations()
        #expect(
            try watch.next()
                == GenerationChange(
                    seq: 1, generation: 3, previous: 0, cause: "serving", changes: []))
        let swap = try server.connect().swap(SwapRequest(kind: "unet", plugin: "other"))
        while try swap.next() != nil {}
        #expect(
            try watch.next()
                == GenerationChange(
                    seq: 2, generation: 4, previous: 3, cause: "swap",
                    changes: [.init(key: "stage.unet.model", before: "\"a\"", after: "")]))
    }

    @Test func healthIsTold() throws {
        let server = try TestServer(.wait)
        let client = try server.connect()
        let job = try client.submit(GenerateRequest(prompt: "p")).job
        let (whole, unknown) = (try client.watchHealth(), try client.watchHealth("no.Such"))
        #expect(try whole.next()?.status == .serving)
        #expect(try unknown.next()?.status == .serviceUnknown)
        #expect(try client.health()["voken.v1.Sessions"] == .serving)
        server.server.drain()
        #expect(try whole.next()?.status == .notServing)
        #expect(try client.health()[""] == .notServing)
        #expect(try client.cancel(job: job).state == .cancelled)
    }

    @Test func logIsReadAndFollowed() throws {
        let server = try TestServer { _ in }
        let client = try server.connect()
        #expect(try client.setLogLevel("debug") == "critical")
        _ = try server.connect().isServing()
        let past = try client.logs(LogsRequest(tail: 100)).all()
        #expect(past.contains { $0.message == "connected" && $0.level == "debug" })
        #expect(past.map(\.seq) == Array(1...UInt64(past.count)))
        #expect(try client.logs(LogsRequest(tail: 1)).all().count == 1)
        #expect(try client.logs(LogsRequest(tail: 100, level: "warning")).all().isEmpty)
        let following = try client.logs(LogsRequest(tail: 1, follow: true, level: "debug"))
        #expect(try following.next() == past.last, "from here on it is followed")
        _ = try server.connect().isServing()
        let record = try #require(try following.next())
        #expect(record.message == "connected" && record.fields.map(\.key) == ["process"])
        let error = #expect(throws: ClientError.self) { _ = try client.setLogLevel("loud") }
        #expect(error?.status?.message.contains("notice") == true)
    }

    /// Whoever only watches does not keep a daemon that is done.
    @Test func drainDoesNotWaitForWatchers() throws {
        let server = try TestServer { $0.grace = .seconds(600) }
        let client = try server.connect()
        let log = try client.logs(LogsRequest(tail: 1, follow: true))
        let (changes, health) = (try client.watchGenerations(), try client.watchHealth())
        _ = (try changes.next(), try health.next())
        server.server.drain()
        server.server.waitUntilStopped()
        #expect(try health.next()?.status == .notServing)
        for watch in [{ _ = try log.next() }, { _ = try changes.next() }] {
            let error = #expect(throws: ClientError.self) { try watch() }
            #expect(error?.status?.reason == "shutting_down")
        }
    }

    @Test func callsAreCounted() throws {
        let server = try TestServer(
            .refuse(RequestError(.queueFull, "full", retryAfter: .seconds(2))))
        let client = try server.connect()
        let error = #expect(throws: ClientError.self) {
            _ = try client.generate(GenerateRequest(prompt: "p")).next()
        }
        #expect(error?.status?.retryAfter == .seconds(2))
        server.backend.become(.tell(imageCount: 10))
        _ = try client.generate(GenerateRequest(prompt: "p")).all()
        let stats = try client.stats()
        let generate = stats.methods.first { $0.method == "voken.v1.Generation/Generate" }
        #expect(generate?.calls == 2 && generate?.errors == 1)
        #expect(stats.refused == [ReasonCount(reason: "queue_full", count: 1)])
        #expect(stats.ran.counts.reduce(0, +) == 1 && stats.connections == 1)
        #expect(stats.openDescriptors > 3)
    }

    /// Each line as the format's specification has it.
    @Test func metricsAreWellFormed() throws {
        let server = try TestServer()
        let client = try server.connect()
        _ = try client.generate(GenerateRequest(prompt: "p")).all()
        let text = try client.metrics()
        let sample = try Regex(
            #"^voken_[a-z_]+(\{[a-z_]+="([^"\\\n]|\\.)*"(,[a-z_]+="([^"\\\n]|\\.)*")*\})? (\+Inf|-?[0-9.e+-]+)$"#
        )
        var types: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# TYPE ") {
                types[String(line.split(separator: " ")[2]), default: 0] += 1
            } else if !line.hasPrefix("# HELP ") {
                #expect(line.wholeMatch(of: sample) != nil, "\(line)")
            }
        }
        #expect(types.values.allSatisfy { $0 == 1 } && types.count > 20)
        #expect(text.contains(#"voken_call_errors_total{method="voken.v1.Generation/Generate"} 0"#))
        #expect(text.contains("voken_job_run_seconds_count 1\n"))
        #expect(text.contains(#"voken_job_run_seconds_bucket{le="+Inf"} 1"#))
    }

    @Test func descriptorsAreHandedOut() throws {
        let server = try TestServer()
        let bytes = try server.connect().descriptors()
        #expect(bytes == Descriptors.set && bytes.count > 1000)
    }

    @Test(arguments: [Wire.Method.reflection, .reflectionAlpha])
    func reflectionAnswersEachQuestion(method: Wire.Method) throws {
        let server = try TestServer()
        let raw = try RawSocket(server.path)
        let envelope = RequestEnvelope(service: method.service, method: method.name)
        let questions: [ReflectionRequest.Query] = [
            .services, .fileContainingSymbol("voken.v1.Admin"), .fileByName("voken/v1/admin.proto"),
            .fileByName("no.proto"), .extensionNumbers(ofType: "voken.v1.Event"),
        ]
        raw.write(
            Frame(
                .request, stream: 1, flags: [.remoteOpen, .noData], payload: envelope.bytes
            ).bytes
                + questions.flatMap {
                    Frame(.data, stream: 1, payload: ReflectionRequest(query: $0).bytes).bytes
                } + Frame(.data, stream: 1, flags: [.remoteClosed, .noData]).bytes)
        var decoder = FrameDecoder()
        var answers: [ReflectionResponse.Answer] = []
        reading: while let bytes = raw.read(), !bytes.isEmpty {
            var position = 0
            while case .frame(let frame)? = try decoder.next(bytes.span, from: &position) {
                if frame.flags.contains(.remoteClosed) { break reading }
                answers.append(try ReflectionResponse(frame.payload).answer)
            }
        }
        try #require(answers.count == 5)
        guard case .services(let names) = answers[0], case .files(let files) = answers[1] else {
            Issue.record("\(answers)")
            return
        }
        #expect(names.contains("voken.v1.Sessions") && names.contains("grpc.health.v1.Health"))
        #expect(files.count == 2, "the file, after the one that it imports")
        #expect(answers[2] == .files([]), "sent already")
        #expect(answers[3] == .error(.notFound, "not found"))
        guard case .error(.notFound, _) = answers[4] else {
            Issue.record("\(answers[4])")
            return
        }
    }
}

extension EventStream {
    fileprivate func all() throws -> [Element] {
        var elements: [Element] = []
        while let element = try next() { elements.append(element) }
        return elements
    }
}
