import Checkpoints
import Dispatch
import Pipelines
import Stories
import Synchronization
import VokenClient
import Wire

/// A session of the daemon, and what the next turns of it get.
struct Conversation {
    private let client: Client
    private let interrupts: Interrupts
    /// Where pictures go; `nil` is a folder of the session's name.
    private let folder: String?
    private(set) var name: String
    private(set) var turns: Int
    /// For all turns from now on.
    var settings = Wire.SessionSettings()
    /// For the next turn alone.
    var seed: UInt64?
    private(set) var images: [[UInt8]] = []

    init(_ client: Client, _ session: SessionInfo, folder: String?, _ interrupts: Interrupts) {
        self.client = client
        self.interrupts = interrupts
        self.folder = folder
        name = session.name
        turns = session.turns
    }

    mutating func show(_ path: String) throws {
        images.append(try readFile(path, limit: Frame.maximumCount))
    }

    mutating func undo() throws {
        guard turns > 0 else { throw Failure.failed("there is no turn to undo") }
        turns = try asking { try client.truncateSession(name, turns: turns - 1) }.turns
    }

    mutating func fork(_ name: String) throws {
        let request = ForkSessionRequest(session: self.name, name: name)
        let session = try asking { try client.forkSession(request) }
        self.name = session.name
        turns = session.turns
    }

    /// All parts of the session.
    func parts() throws -> [SessionPart] {
        try asking {
            let stream = try client.exportSession(name)
            var parts: [SessionPart] = []
            while let part = try stream.next() { parts.append(part) }
            return parts
        }
    }

    func page() throws -> String {
        var page = ConversationPage(title: name)
        var pictures: [[UInt8]] = []
        var chunks: [UInt8] = []
        for part in try parts() {
            switch part {
            case .pictureChunk(let bytes): chunks += bytes
            case .picture(let bytes):
                pictures.append(chunks + bytes)
                chunks = []
            case .turn(let turn):
                page.add(
                    user: turn.user.compactMap { piece($0, pictures) },
                    answer: turn.answer.compactMap { piece($0, pictures) })
            case .header, .unknown: break
            }
        }
        return page.html
    }

    private func piece(_ piece: TurnPiece, _ pictures: [[UInt8]]) -> ConversationPage.Piece? {
        switch piece {
        case .text(let text): text.isEmpty ? nil : .text(text)
        case .picture(let number):
            pictures.indices.contains(number - 1) ? .picture(pictures[number - 1]) : nil
        case .unknown: nil
        }
    }
}

// MARK: - Turns

extension Conversation {
    /// Says something, and shows the answer.
    ///
    /// - Parameter event: gets the answer as it comes, and the files of its pictures.
    /// - Throws: a ``Failure``, after which the session is as it was.
    mutating func say(
        _ text: String, _ event: (StoryEvent, _ file: String?) throws -> Void
    ) throws {
        let request = SendRequest(
            session: name,
            turn: GenerateRequest(
                prompt: text, images: images, steps: settings.steps, seed: seed,
                guidance: settings.guidance, guidanceRescale: settings.guidanceRescale,
                scheduler: settings.scheduler,
                schedulerOptions: settings.schedulerOptions, onDisconnect: .cancel,
                shortcuts: settings.shortcuts))
        let running = RunningTurn(client)
        var failure: Failure?
        try interrupts.during {
            try follow {
                if case .accepted(let job, _) = $0 { running.begin(job) }
                let file = try picture($0)
                if case .failed(let error) = $0 { failure = Failure(error) }
                try event($0, file)
            } _: { () throws(ClientError) in
                let story = try client.send(request)
                running.begin(story)
                return story
            }
        } stop: {
            running.stop()
        }
        if let failure {
            guard failure.exitCode == 5, let reply = running.cancellation() else { throw failure }
            throw Failure.cancelled("cancelled after \(reply.position)")
        }
        turns += 1
        (seed, images) = (nil, [])
    }

    /// Writes a picture that is done.
    private func picture(_ event: StoryEvent) throws -> String? {
        guard case .imageFinished(let image) = event else { return nil }
        let folder = folder ?? "voken-chat/\(name)"
        let number = StoryPage.fileName(turns + 1).dropLast(4)
        let path = "\(folder)/\(number)-\(image.index).png"
        try writing { () throws(StoryError) in try writeFile(image.png, to: path) }
        return path
    }
}

/// Turns what cannot be written into how the command ends.
func writing(_ write: () throws(StoryError) -> Void) throws {
    do throws(StoryError) {
        try write()
    } catch {
        throw Failure.failed(error.message)
    }
}

/// The turn under way, which Ctrl-C stops from another thread.
private final class RunningTurn: Sendable {
    private struct State {
        var job: String?
        var story: Story?
        var isAsked = false
        var reply: CancelReply?
    }

    private let client: Client
    private let state = Mutex(State())
    private let answered = DispatchSemaphore(value: 0)

    init(_ client: Client) { self.client = client }

    func begin(_ job: String) { state.withLock { $0.job = job } }
    func begin(_ story: Story) { state.withLock { $0.story = story } }

    /// Where it was stopped, as the daemon says; waits a moment for that if it was asked.
    func cancellation() -> CancelReply? {
        guard state.withLock({ $0.isAsked }) else { return nil }
        _ = answered.wait(timeout: .now() + .seconds(2))
        return state.withLock { $0.reply }
    }

    /// The daemon is asked to stop it, for it says where the turn was. Who wants it stopped once more
    /// does not wait for that.
    func stop() {
        let (job, story) = state.withLock { state in
            defer { state.isAsked = state.isAsked || state.job != nil }
            return (state.isAsked ? nil : state.job, state.story)
        }
        guard let job else {
            story?.cancel()
            return
        }
        if let reply = try? client.cancel(job: job) {
            state.withLock { $0.reply = reply }
        } else {
            story?.cancel()
        }
        answered.signal()
    }
}
