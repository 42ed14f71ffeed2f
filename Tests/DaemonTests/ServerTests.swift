import Daemon
import EventLoop
import Foundation
import Testing
import VokenClient
import Wire

private func request(_ stream: UInt32, _ method: String, _ payload: [UInt8]) -> [UInt8] {
    let envelope = RequestEnvelope(
        service: "voken.v1.Generation", method: method, payload: payload)
    return Frame(.request, stream: stream, flags: .remoteClosed, payload: envelope.bytes).bytes
}

struct ServerTests {
    // MARK: What it says of itself

    @Test func statusStagesVersionHealth() throws {
        let server = try TestServer()
        let client = try server.connect()
        let status = try client.status()
        #expect(status.pid == Int(getpid()) && status.version == "1.2.3")
        #expect(status.pipeline == "fake" && status.generation == 3)
        #expect(status.finished == 4 && status.failed == 5 && status.connections == 1)
        #expect(status.residentBytes > 1 << 20)
        let stages = try client.stages()
        #expect(stages.stages == status.stages)
        #expect(
            stages.stages == [
                StageInfo(
                    kind: "unet", name: "u", plugin: "Echo", version: "1", weightsSHA256: "aa",
                    fileSHA256: "bb", generation: 2, options: #"{"order":3}"#,
                    memory: Wire.StageMemory(
                        weightsMapped: 1, weightsPrivate: 2, caches: 3, activationsPeak: 4))
            ])
        #expect(status.images == 6 && status.lastFailure?.code == "load_hung")
        #expect(try client.generations() == status.generations)
        #expect(status.generations.map(\.state) == [.serving])
        #expect(try client.version() == VersionReply(version: "1.2.3", protocol: 1))
        #expect(try client.isServing())
        #expect(try client.isServing("voken.v1.Admin"))
        let error = #expect(throws: ClientError.self) { _ = try client.isServing("no.Such") }
        #expect(error?.status?.code == .notFound && error?.status?.message == "unknown service")
    }

    // MARK: No daemon, two daemons

    @Test func noDaemonIsSaidSo() throws {
        let error = #expect(throws: ClientError.self) {
            _ = try Client.connect(path: "/tmp/voken-no-such-socket")
        }
        #expect(error?.code == .noDaemon)
        let long = #expect(throws: ClientError.self) {
            _ = try Client.connect(path: "/tmp/" + String(repeating: "x", count: 103))
        }
        #expect(long?.code == .disconnected)
    }

    @Test func secondServerIsRefusedAndTheFirstGoesOn() throws {
        let server = try TestServer()
        let error = #expect(throws: EventLoopError.self) {
            _ = try TestServer { $0.path = server.path }
        }
        #expect(error?.code == .addressInUse)
        #expect(try server.connect().isServing())
    }

    @Test func stoppedServerFreesItsPath() throws {
        let server = try TestServer()
        let client = try server.connect()
        server.server.stop()
        server.server.waitUntilStopped()
        #expect(throws: ClientError.self) { _ = try client.isServing() }
        let next = try TestServer { $0.path = server.path }
        #expect(try Client.connect(path: server.path).isServing())
        withExtendedLifetime(next) {}
    }

    // MARK: Bad clients

    @Test func garbageLeavesTheServerServing() throws {
        let server = try TestServer()
        for byte in [0, 1, 0x47, 0xff] as [UInt8] {
            let raw = try RawSocket(server.path)
            raw.write([UInt8](repeating: byte, count: 5000))
            raw.halfClose()
            while let bytes = raw.read(), !bytes.isEmpty {}
        }
        #expect(try server.connect().isServing())
    }

    @Test func garbageInAMessageIsAnError() throws {
        let server = try TestServer()
        let raw = try RawSocket(server.path)
        raw.write(request(1, "Generate", [0xff, 0xff]))
        var decoder = FrameDecoder()
        let bytes = try #require(raw.read())
        var position = 0
        guard case .frame(let frame)? = try decoder.next(bytes.span, from: &position) else {
            Issue.record("no answer")
            return
        }
        #expect(try ResponseEnvelope(frame.payload).status?.code == .internal)
        #expect(server.backend.requests.isEmpty)
    }

    @Test func halfAFrameIsCutOffInTime() throws {
        let server = try TestServer { $0.partialFrame = .milliseconds(100) }
        let raw = try RawSocket(server.path)
        raw.write([0, 0x10, 0, 0, 0, 0, 0, 1])
        usleep(60_000)
        raw.write([1, 0, 0, 0])  // more of it gives no more time
        let start = ContinuousClock.now
        #expect(raw.read() == [])
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(try server.connect().isServing())
    }

    @Test func idleConnectionIsNotCutOff() throws {
        let server = try TestServer { $0.partialFrame = .milliseconds(20) }
        let client = try server.connect()
        #expect(try client.isServing())
        usleep(100_000)
        #expect(try client.isServing())
    }

    @Test(arguments: [true, false]) func clientThatGoesTakesItsJobsAlong(half: Bool) throws {
        let server = try TestServer(.wait)
        do {
            let raw = try RawSocket(server.path)
            raw.write(request(1, "Generate", GenerateRequest(prompt: "p").bytes))
            raw.write(request(3, "Generate", GenerateRequest(prompt: "q").bytes))
            #expect(server.wait { server.backend.runningCount == 2 })
            if half {
                raw.halfClose()
                #expect(server.wait { server.backend.runningCount == 0 })
            }
        }
        #expect(server.wait { server.backend.runningCount == 0 })
    }

    // MARK: The end

    @Test func drainLetsJobsFinishAndRefusesNewOnes() throws {
        let server = try TestServer(.wait)
        let client = try server.connect()
        let story = try client.generate(GenerateRequest(prompt: "p"))
        let job = try #require(try story.next()?.job)
        server.server.drain()
        #expect(server.wait { !FileManager.default.fileExists(atPath: server.path) })
        // On the connection that lives on: no new job, an honest answer, and a way to cancel.
        let refused = try client.generate(GenerateRequest(prompt: "q"))
        let error = #expect(throws: ClientError.self) { _ = try refused.next() }
        #expect(error?.status?.code == .unavailable)
        #expect(try !client.isServing())
        #expect(try client.cancel(job: job).known)
        #expect(try story.all().last?.isEnd == true)
        server.server.waitUntilStopped()
    }

    @Test func drainEndsIdleConnections() throws {
        let server = try TestServer()
        let client = try server.connect()
        #expect(try client.isServing())
        server.server.drain()
        server.server.waitUntilStopped()
        #expect(throws: ClientError.self) { _ = try client.isServing() }
    }

    @Test func jobsAreCancelledAfterTheGrace() throws {
        let server = try TestServer(.wait) { $0.grace = .milliseconds(50) }
        let story = try server.connect().generate(GenerateRequest(prompt: "p"))
        _ = try story.next()
        server.server.drain()
        guard case .failed(let failure)? = try story.all().last?.kind else {
            Issue.record("no last event")
            return
        }
        #expect(failure.code == "shutting_down")
        #expect(server.backend.cancels.wait(timeout: .now() + 20) == .success)
        server.server.waitUntilStopped()
    }

    @Test func secondDrainDoesNotWait() throws {
        let server = try TestServer(.flood) { $0.grace = .seconds(1000) }
        let story = try server.connect().generate(GenerateRequest(prompt: "p"))
        _ = try story.next()
        server.server.drain()
        server.server.drain()
        server.server.waitUntilStopped()
        #expect(try story.all().last?.isEnd == true)
        #expect(server.backend.runningCount == 0)
    }
}
