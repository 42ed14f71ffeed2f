import EventLoop
import Foundation
import Glibc
import Synchronization
import Testing
import VokenClient
import Wire

/// A daemon of one answer a connection, which it then closes; each as a test wants.
private final class OneShotDaemon: Sendable {
    enum Behaviour: Sendable {
        /// Reads the request, and closes.
        case close
        /// Sends one event of a story, and closes.
        case event
        case unavailable
        /// Answers, and closes.
        case answer
        /// Answers, and waits for the client to close.
        case answerAndStay
    }

    let directory = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))"
    var path: String { directory + "/s" }
    private let loop: Loop
    private let behaviours: Mutex<[Behaviour]>
    private let count = Mutex(0)

    /// - Parameter behaviours: of the first connection, the second, …
    init(_ behaviours: [Behaviour]) throws {
        loop = try Loop()
        self.behaviours = Mutex(behaviours)
        try loop.sync { [self] () throws(EventLoopError) in
            _ = try PipeListener(path: path, loop: loop) { [unowned self] connection, _ in
                let behaviour = self.behaviours.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                guard let behaviour else { return connection.close() }
                let calls = Box()
                connection.onRead = { [unowned self, unowned connection] bytes in
                    calls.connection.receive(bytes)
                    while case .call(let call)? = calls.connection.nextEvent() {
                        count.withLock { $0 += 1 }
                        calls.answer(call, behaviour)
                        connection.write(calls.connection.drainOutput())
                        if behaviour != .answerAndStay { connection.finish() }
                    }
                }
                connection.start()
            }
        }
    }

    deinit {
        loop.stopAndWait()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// How many requests have come.
    var requests: Int { count.withLock { $0 } }
}

private final class Box {
    var connection = ServerConnection(methods: [.generate, .healthCheck])

    func answer(_ call: Call, _ behaviour: OneShotDaemon.Behaviour) {
        switch behaviour {
        case .close: break
        case .event:
            connection.send(
                Event(seq: 1, job: "j", generation: 0, kind: .accepted(ahead: 0)).bytes,
                on: call.stream)
        case .unavailable:
            connection.fail(call.stream, Status(.unavailable, "the daemon is shutting down"))
        case .answer, .answerAndStay:
            guard call.shape == .unary else {
                let end = Event.Failed(code: "end", message: "", hint: "")
                connection.send(
                    Event(seq: 1, job: "j", generation: 0, kind: .failed(end)).bytes,
                    on: call.stream)
                return connection.finish(call.stream)
            }
            connection.reply(HealthCheckResponse(status: .serving).bytes, to: call.stream)
        }
    }
}

struct ReconnectTests {
    @Test func nextCallConnectsAgain() throws {
        let daemon = try OneShotDaemon([.answer, .answer, .answer])
        let client = try Client.connect(path: daemon.path)
        for _ in 0..<3 { #expect(try client.isServing()) }
        #expect(daemon.requests == 3)
    }

    @Test func callThatWasNotAnsweredIsSentAgain() throws {
        let closing = try OneShotDaemon([.close, .answer])
        #expect(try Client.connect(path: closing.path).isServing())
        #expect(closing.requests == 2)
        let refusing = try OneShotDaemon([.unavailable, .answerAndStay])
        let client = try Client.connect(path: refusing.path)
        #expect(try client.generate(GenerateRequest(prompt: "p")).all().count == 1)
        #expect(refusing.requests == 2)
        #expect(try client.isServing(), "the connection that answered stays in use")
    }

    @Test(arguments: [true, false]) func butOnlyOnce(isRefused: Bool) throws {
        let daemon = try OneShotDaemon(
            Array(repeating: isRefused ? .unavailable : .close, count: 10))
        let client = try Client.connect(path: daemon.path)
        let error = #expect(throws: ClientError.self) { _ = try client.isServing() }
        #expect(error?.status?.code == .unavailable)
        #expect(daemon.requests == 2)
        let story = try Client.connect(path: daemon.path).generate(GenerateRequest(prompt: "p"))
        let second = #expect(throws: ClientError.self) { _ = try story.next() }
        #expect(second?.status?.code == .unavailable)
        #expect(daemon.requests == 4)
    }

    @Test func storyThatHasBegunIsNotBegunAgain() throws {
        let daemon = try OneShotDaemon([.event, .answer])
        let story = try Client.connect(path: daemon.path).generate(GenerateRequest(prompt: "p"))
        #expect(try story.next()?.kind == .accepted(ahead: 0))
        let error = #expect(throws: ClientError.self) { _ = try story.next() }
        #expect(error?.status?.code == .unavailable)
        #expect(daemon.requests == 1)
    }

    @Test func newDaemonAtThePathIsFound() throws {
        let first = try TestServer()
        let client = try first.connect()
        #expect(try client.isServing())
        first.server.stop()
        first.server.waitUntilStopped()
        let gone = #expect(throws: ClientError.self) { _ = try client.isServing() }
        #expect(gone?.code == .noDaemon)
        let second = try TestServer { $0.path = first.path }
        #expect(try client.isServing())
        #expect(try client.generate(GenerateRequest(prompt: "p")).all().last?.isEnd == true)
        withExtendedLifetime(second) {}
    }

    /// What a busy daemon's kernel queue refuses is tried again until there is room.
    @Test func reconnectingWaitsForABusyDaemon() throws {
        let first = try TestServer()
        let client = try first.connect()
        #expect(try client.isServing())
        first.server.stop()
        first.server.waitUntilStopped()
        // A listener that takes nobody, with its queue of 128 callers full.
        let shared = try SharedListener(first.path)
        shared.descriptors[1].close()
        let fillers = try (0...128).map { _ in try RawSocket(first.path) }
        let answer = Mutex<Bool?>(nil)
        let caller = Thread {
            let isServing = try? client.isServing()
            answer.withLock { $0 = isServing ?? false }
        }
        caller.start()
        usleep(100_000)
        #expect(answer.withLock { $0 } == nil, "it waits")
        let second = try TestServer {
            $0.path = first.path
            $0.inherited = shared.descriptors[0]
        }
        #expect(second.wait { answer.withLock { $0 } == true })
        withExtendedLifetime(fillers) {}
    }
}
