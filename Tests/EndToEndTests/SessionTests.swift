import Foundation
import Testing
import VokenClient
import Wire

/// Conversations on the real daemon, by the client library.
struct SessionTests {
    private func turn(_ client: Client, _ session: String, _ text: String) throws -> [Event] {
        let story = try client.send(
            SendRequest(session: session, turn: GenerateRequest(prompt: text)))
        var events: [Event] = []
        while let event = try story.next() { events.append(event) }
        return events
    }

    /// Texts and pictures alone: what does not depend on the job.
    private func told(_ events: [Event]) -> [Event.Kind] {
        events.map(\.kind).filter { kind in
            switch kind {
            case .text, .imageDone: true
            default: false
            }
        }
    }

    @Test func turnsForkTruncateExportImportDelete() throws {
        let served = try ServedPipeline()
        defer { _ = served.daemon.stop() }
        let client = try Client.connect(path: served.daemon.socket.path)
        let made = try client.createSession(
            CreateSessionRequest(name: "trip", settings: SessionSettings(steps: 2, seed: 5)))
        #expect(made.name == "trip" && made.turns == 0 && made.settings.seed == 5)
        let first = try turn(client, "trip", "A fox found a lantern.")
        let second = try turn(client, "trip", "")
        for (number, events) in [first, second].enumerated() {
            guard case .sceneBegan(let index, _)? = events.dropFirst(2).first?.kind else {
                Issue.record("\(events)")
                return
            }
            #expect(index == number + 1)
            #expect(events.last?.isEnd == true && told(events).count >= 1)
        }
        let history = try client.session("trip")
        #expect(history.turns.count == 2 && history.info?.turns == 2)
        #expect(history.turns[0].user == [.text("A fox found a lantern.")])

        // The same question to the same past has the same answer.
        let fork = try client.forkSession(
            ForkSessionRequest(session: "trip", name: "other", turns: 1))
        #expect(fork.turns == 1)
        #expect(told(try turn(client, "other", "")) == told(second))
        #expect(try client.truncateSession("trip", turns: 1).turns == 1)
        #expect(told(try turn(client, "trip", "")) == told(second))

        var parts: [SessionPart] = []
        let export = try client.exportSession("trip")
        while let part = try export.next() { parts.append(part) }
        guard case .header(var header)? = parts.first else {
            Issue.record("\(parts)")
            return
        }
        #expect(header.format == 1 && header.name == "trip")
        header.name = "copy"
        parts[0] = .header(header)
        #expect(try client.importSession(parts).turns == 2)
        let (copied, own) = (
            try turn(client, "copy", "And then?"), try turn(client, "trip", "And then?")
        )
        #expect(told(copied) == told(own))
        #expect(Set(try client.sessions().map(\.name)) == ["trip", "other", "copy"])
        #expect(try client.stats().sessions == 3)

        try client.deleteSession("other")
        let gone = #expect(throws: ClientError.self) { _ = try turn(client, "other", "") }
        #expect(gone?.reason == "no_session" && gone?.status?.code == .notFound)
        let twice = #expect(throws: ClientError.self) {
            _ = try client.createSession(CreateSessionRequest(name: "trip"))
        }
        #expect(twice?.reason == "session_exists")
        for damaged in [Array(parts.dropFirst()), Array(parts.dropLast()), parts + [parts[0]]] {
            #expect(throws: ClientError.self) { _ = try client.importSession(damaged) }
        }
        #expect(try client.sessions().count == 2)
    }
}
