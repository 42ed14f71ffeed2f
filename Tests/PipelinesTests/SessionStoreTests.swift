import Images
import Synchronization
import Testing

@testable import Pipelines

/// Names, limits, times, and what comes from outside.
@Suite final class SessionStoreTests {
    /// A clock that goes on only when it is told to.
    private final class Hand: Sendable {
        private let time = Mutex(Duration.zero)

        func forward(_ duration: Duration) { time.withLock { $0 += duration } }

        var clock: SessionClock {
            SessionClock(
                now: { self.time.withLock { $0 } },
                unix: { self.time.withLock { $0.nanoseconds / 1_000_000 } })
        }
    }

    private let hand = Hand()

    private func engine(_ sessions: String) throws -> Engine {
        Engine(
            try echoGeneration(["[limits]": "[sessions]\n\(sessions)\n[limits]"]),
            clock: hand.clock)
    }

    private func code(_ body: () throws -> Void) -> RequestError.Code? {
        #expect(throws: RequestError.self, performing: body)?.code
    }

    @Test func namesAreCheckedAndPrivate() throws {
        let engine = try engine("per_user = 3")
        defer { engine.shutdown(grace: .zero) }
        let store = engine.sessions
        for name in ["", "A", "a b", ".a", "ä", String(repeating: "a", count: 65), "a/b"] {
            #expect(code { _ = try store.create(name: name, user: 1) } == .invalid, "\(name)")
        }
        #expect(try store.create(name: "a.b_c-1", user: 1).name == "a.b_c-1")
        #expect(code { _ = try store.create(name: "a.b_c-1", user: 1) } == .sessionExists)
        #expect(try store.create(name: "a.b_c-1", user: 2).user == 2)
        let own = try store.create(user: 1)
        #expect(own.settings.seed != nil, "one is drawn")
        #expect(code { _ = try store.get(own.name, user: 3) } == .noSession)
        #expect(code { try store.delete(own.name, user: 2) } == .noSession)
        #expect(code { _ = try store.fork(own.name, user: 2) } == .noSession)
        #expect(
            code {
                _ = try engine.submit(
                    TurnRequest(text: "A fox."), session: own.name, terms: JobTerms(user: 2)
                ) { _ in }
            } == .noSession)
        _ = try store.create(user: 1)
        #expect(code { _ = try store.create(user: 1) } == .sessionLimit)
        #expect(code { _ = try store.fork("a.b_c-1", user: 1) } == .sessionLimit)
        #expect(store.list(user: 1).count == 3 && store.list(user: 3).isEmpty)
        try store.delete(own.name, user: 1)
        #expect(throws: Never.self) { try store.create(user: 1) }
        let wrong = SessionSettings(steps: 9999)
        #expect(code { _ = try store.create(settings: wrong, user: 2) } == .invalid)
        let unknown = SessionSettings(scheduler: "ecko")
        #expect(code { _ = try store.create(settings: unknown, user: 2) } == .invalid)
    }

    @Test func whatIsNotUsedIsForgotten() throws {
        let engine = try engine("ttl_s = 10\nmax = 2")
        defer { engine.shutdown(grace: .zero) }
        let store = engine.sessions
        _ = try store.create(name: "one", user: 1)
        hand.forward(.seconds(6))
        _ = try store.create(name: "two", user: 1)
        #expect(store.list(user: 1).map(\.name) == ["two", "one"])
        #expect(try store.summary(of: "one", user: 1).left == .seconds(4))
        #expect(code { _ = try store.create(user: 2) } == .sessionLimit)
        hand.forward(.seconds(4))
        #expect(code { _ = try store.get("one", user: 1) } == .noSession)
        #expect(store.list(user: 1).map(\.name) == ["two"])
        // Its place is free, whether or not anyone has looked.
        _ = try store.create(name: "three", user: 2)

        // A turn keeps its session, however long it takes.
        let (log, gate) = (EventLog(), DispatchGate())
        _ = try engine.submit(
            TurnRequest(text: "A fox."), session: "two", terms: JobTerms(user: 1)
        ) { event in
            log.append(event)
            if case .started = event { gate.pass() }
        }
        try gate.waitUntilReached()
        hand.forward(.seconds(60))
        store.expire()
        #expect(store.list(user: 1).map(\.name) == ["two"] && store.list(user: 2).isEmpty)
        #expect(try store.summary(of: "two", user: 1).left == nil)
        gate.open()
        #expect(try log.wait().failure == nil)
        #expect(try store.summary(of: "two", user: 1).left == .seconds(10))
        hand.forward(.seconds(10))
        store.expire()
        #expect(store.totals == SessionTotals())
    }

    /// A thousand come and go, and nothing of them stays.
    @Test func nothingStays() throws {
        let engine = try engine("ttl_s = 10\nmax = 2000\nper_user = 1000")
        defer { engine.shutdown(grace: .zero) }
        let generation = engine.generation
        let accounts = [generation.work(.languageModel), generation.work(.imageEncoder)]
        let before = accounts.map { [$0?.tensors.bytes, $0?.caches.bytes] }
        let picture = Image(width: 8, height: 8, red: 1, green: 2, blue: 3).png()
        for number in 0..<1000 {
            let name = try engine.sessions.create(user: UInt32(number % 3)).name
            guard number.isMultiple(of: 50) else { continue }
            let log = EventLog()
            let turn = TurnRequest(text: "A fox.", images: [picture])
            _ = try engine.submit(
                turn, session: name, terms: JobTerms(user: UInt32(number % 3))
            ) { log.append($0) }
            #expect(try log.wait().failure == nil)
        }
        #expect(engine.sessions.totals.sessions == 1000)
        #expect(engine.sessions.totals.cacheBytes > 0 && engine.sessions.totals.bytes > 0)
        hand.forward(.seconds(11))
        engine.sessions.expire()
        #expect(engine.sessions.totals == SessionTotals())
        // The inference thread has let go of the last turn.
        engine.shutdown(grace: .seconds(60))
        #expect(accounts.map { [$0?.tensors.bytes, $0?.caches.bytes] } == before)
    }

    @Test func bytesAndTurnsAreLimited() throws {
        let engine = try engine("bytes = 3000\nturns = 2")
        defer { engine.shutdown(grace: .zero) }
        let store = engine.sessions
        _ = try store.create(name: "one", user: 1)
        func say(_ text: String) throws {
            let log = EventLog()
            _ = try engine.submit(
                TurnRequest(text: text), session: "one", terms: JobTerms(user: 1)
            ) { log.append($0) }
            #expect(try log.wait().failure == nil)
        }
        try say("A fox.")
        try say("")
        #expect(code { try say("") } == .sessionLimit)
        _ = try store.truncate("one", turns: 1, user: 1)
        let left = 3000 - store.totals.bytes
        #expect(code { try say(String(repeating: "a", count: left + 1)) } == .sessionLimit)
        try store.delete("one", user: 1)
        #expect(store.totals == SessionTotals())
    }

    @Test func importsAreChecked() throws {
        let engine = try engine("turns = 3")
        defer { engine.shutdown(grace: .zero) }
        let store = engine.sessions
        let picture = SessionPicture(
            file: Image(width: 8, height: 8, red: 1, green: 2, blue: 3).png())
        let good = SessionContent(
            settings: SessionSettings(seed: 1),
            turns: [
                SessionTurn(
                    user: [.picture(1), .text("A fox.")], answer: [.picture(2)],
                    reason: .illustrated, seed: 1),
                SessionTurn(
                    user: [], answer: [.text("It slept.")], reason: .endOfTurn, seed: 1),
            ], pictures: [picture, picture])
        #expect(try store.import(good, name: "good", user: 1).pictures == 2)
        #expect(try store.get("good", user: 1) == good)
        func refused(_ change: (inout SessionContent) -> Void) -> RequestError? {
            var content = good
            change(&content)
            do throws(RequestError) {
                _ = try store.import(content, user: 1)
                return nil
            } catch {
                return error
            }
        }
        let turn = good.turns[1]
        #expect(refused { $0.turns += [turn, turn] }?.code == .sessionLimit)
        #expect(refused { $0.turns[0].answer = [.picture(3)] }?.message.contains("turn 1") == true)
        #expect(refused { $0.turns[0].user.reverse() }?.code == .invalid)
        #expect(refused { $0.turns[0].user.append(.text("!")) }?.code == .invalid)
        #expect(
            refused { $0.turns[1] = SessionTurn(user: [], answer: [], reason: .given, seed: 1) }
                != nil)
        #expect(refused { $0.pictures.removeLast() }?.code == .invalid)
        #expect(refused { $0.pictures.append(picture) }?.code == .invalid)
        #expect(refused { $0.pictures[1] = SessionPicture(file: [1, 2, 3]) }?.code == .badImage)
        #expect(refused { $0.turns[0].user[1] = .text("[IMG0]") }?.code == .invalid)
        #expect(refused { $0.turns[1].answer = [.text("</s>")] }?.code == .invalid)
        #expect(
            refused { $0.turns[0].user[1] = .text(String(repeating: "a", count: 5000)) }?.code
                == .tooLong)
        #expect(
            refused { $0.turns[1].answer = [.text(String(repeating: "a", count: 300_000))] }?.code
                == .tooLong)
        #expect(refused { $0.settings.guidance = -1 }?.code == .invalid)
        #expect(
            refused {
                $0.turns[0].user = (1...5).map { .picture($0) }
                $0.turns[0].answer = [.picture(6)]
                $0.pictures = Array(repeating: picture, count: 6)
            }?.message.contains("the limit is 4") == true)
        #expect(store.list(user: 1).count == 1)
        let log = EventLog()
        _ = try engine.submit(
            TurnRequest(text: ""), session: "good", terms: JobTerms(user: 1)
        ) { log.append($0) }
        #expect(try log.wait().failure == nil)
    }
}
