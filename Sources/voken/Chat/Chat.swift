import ArgumentParser
import Checkpoints
import Glibc
import Pipelines
import Stories
import VokenClient
import Wire

/// `voken chat`: a conversation in text and pictures, line by line.
struct Chat: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk with the model; the daemon keeps the conversation between its turns.",
        discussion: """
            Each line is what you say; the answer follows, its pictures are written to a folder. \
            An empty line asks for what comes next by itself, where the pipeline can do that. \
            Ctrl-C stops the answer; at the prompt it ends the chat, as Ctrl-D and /quit do. A line \
            that begins with / is a command:

            \(commandHelp)
            """)

    @Option(help: "The session: begun if there is none of the name, else gone on with.")
    var session: String?

    @Option(help: "Begin with what /save has written, as a new session.")
    var load: String?

    @Option(help: "Seed of a session that is begun; of the next turn of one that is there.")
    var seed: UInt64?

    @Option(help: "Folder for pictures (default: voken-chat/SESSION).")
    var out: String?

    @Flag(help: "Print answers as JSON lines.")
    var json = false

    @OptionGroup var drawing: DrawingOptions
    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let settings = SessionSettings(
            steps: drawing.steps, seed: seed, guidance: drawing.guidance,
            guidanceRescale: drawing.guidanceRescale, scheduler: drawing.scheduler,
            schedulerOptions: optionsText(try options(drawing.schedulerSet)),
            shortcuts: ShortcutOptions(drawing.shortcuts))
        let interrupts = Interrupts()
        let client = try asking { try daemon.connect() }
        let (session, isNew) = try open(client, settings)
        var conversation = Conversation(client, session, folder: out, interrupts)
        if !isNew {
            conversation.settings = settings
            conversation.seed = seed
        }
        var room = ChatRoom(client, conversation, json: json)
        try room.talk()
    }

    /// The session, and whether it has these settings.
    private func open(
        _ client: Client, _ settings: Wire.SessionSettings
    ) throws -> (SessionInfo, isNew: Bool) {
        if let load {
            var parts = try SessionFile.read(load)
            if case .header(var header)? = parts.first {
                header.name = session ?? header.name
                parts[0] = .header(header)
            }
            return (try asking { try client.importSession(parts) }, false)
        }
        return try asking {
            if let session {
                do {
                    if let info = try client.session(session).info { return (info, false) }
                } catch let error as ClientError where error.status?.code == .notFound {}
            }
            let request = CreateSessionRequest(name: session ?? "", settings: settings)
            return (try client.createSession(request), true)
        }
    }
}

private var commandHelp: String {
    let width = ChatCommand.list.map { $0.name.count + $0.operands.count + 2 }.max() ?? 0
    return ChatCommand.list.map { command in
        let usage = "/\(command.name) \(command.operands)"
        let padding = String(repeating: " ", count: max(0, width - usage.count + 2))
        return "  \(usage)\(padding)\(command.help)"
    }.joined(separator: "\n")
}

/// Lines in, answers out.
private struct ChatRoom {
    private let client: Client
    private var conversation: Conversation
    private let json: Bool
    private let terminal: StoryTerminal
    private var lines = StoryLines()
    /// Whether somebody sits there; otherwise the first failure ends the chat.
    private let isInteractive = isatty(0) == 1 && isatty(2) == 1

    init(_ client: Client, _ conversation: Conversation, json: Bool) {
        self.client = client
        self.conversation = conversation
        self.json = json
        terminal = StoryTerminal(quiet: json || !(isatty(2) == 1))
    }

    mutating func talk() throws {
        remark(
            "session \(conversation.name), \(count(conversation.turns, "turn")); /help lists commands"
        )
        while let line = nextLine() {
            do {
                guard try answer(ChatCommand(line)) else { break }
            } catch let failure as Failure where isInteractive || failure.exitCode == 5 {
                write("voken: \(failure.message)\n", to: 2)
            }
        }
        remark("the session stays for a while: voken chat --session \(conversation.name)")
    }

    private func nextLine() -> String? {
        if isInteractive { write("\(conversation.name)> ", to: 2) }
        let line = readLine()
        if line == nil { remark("") }  // Ctrl-D leaves the cursor behind the prompt
        return line
    }

    /// - Returns: `false` to end.
    private mutating func answer(_ command: ChatCommand) throws -> Bool {
        switch command {
        case .say(let text): try say(text)
        case .image(let path): try conversation.show(path)
        case .seed(let seed): conversation.seed = seed
        case .steps(let steps): conversation.settings.steps = steps
        case .scheduler(let name, let words):
            let options = optionsText(try options(words))
            conversation.settings.scheduler = name
            conversation.settings.schedulerOptions = options
        case .undo:
            try conversation.undo()
            remark(count(conversation.turns, "turn") + " left")
        case .fork(let name):
            try conversation.fork(name)
            remark("this is \(conversation.name) from here on")
        case .save(let path):
            try SessionFile.write(try conversation.parts(), to: path)
            remark("saved: voken chat --load \(path)")
        case .export(let path):
            let page = try conversation.page()
            try writing { () throws(StoryError) in try writeFile(Array(page.utf8), to: path) }
            remark("page \(path)")
        case .sessions: try listSessions()
        case .help: write(commandHelp + "\n", to: 1)
        case .quit: return false
        }
        return true
    }

    private mutating func say(_ text: String) throws {
        // What is shown cannot be changed while the conversation is.
        var lines = lines
        defer { self.lines = lines }
        try conversation.say(text) { event, file in
            if json {
                write(lines.line(event, file: file) + "\n", to: 1)
            } else {
                terminal.show(event, file: file)
            }
        }
    }

    private func listSessions() throws {
        let sessions = try asking { try client.sessions() }
        let rows = sessions.map { session in
            [
                session.name, String(session.turns), String(session.pictures),
                byteText(session.cacheBytes + session.pictureBytes),
                seconds(session.leftMilliseconds),
            ]
        }
        write(table([["NAME", "TURNS", "PICTURES", "MEMORY", "LEFT"]] + rows), to: 1)
    }

    /// For who sits there.
    private func remark(_ text: String) {
        if isInteractive { write(text + "\n", to: 2) }
    }
}
