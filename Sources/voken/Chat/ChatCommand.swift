import Checkpoints

/// What a line of a chat asks for.
enum ChatCommand: Equatable {
    case say(String)
    case image(String)
    case seed(UInt64)
    case scheduler(String?, [String])
    case steps(Int?)
    case undo
    case fork(String)
    case save(String)
    case export(String)
    case sessions
    case help
    case quit

    /// Each command, its operands and what it does.
    static let list: [(name: String, operands: String, help: String)] = [
        ("image", "FILE", "show a PNG or JPEG file with what you say next"),
        ("seed", "N", "of the next turn alone; then the session's own again"),
        ("scheduler", "[NAME [key=value …]]", "of the turns from now on; without a name the usual"),
        ("steps", "[N]", "of the scheduler from now on; without a number the usual"),
        ("undo", "", "forget the last turn"),
        ("fork", "NAME", "go on in a copy of the session"),
        ("save", "FILE", "write the session to a file, for voken chat --load"),
        ("export", "FILE.html", "write the session as one page, its pictures in it"),
        ("sessions", "", "list the sessions that the daemon has"),
        ("help", "", "print this"),
        ("quit", "", "end; the session stays for a while"),
    ]

    /// A line that begins with `//` says what comes after the first `/`.
    init(_ line: String) throws {
        guard line.hasPrefix("/"), !line.hasPrefix("//") else {
            self = .say(line.hasPrefix("//") ? String(line.dropFirst()) : line)
            return
        }
        let words = line.dropFirst().split(separator: " ", omittingEmptySubsequences: true)
            .map(String.init)
        let name = words.first ?? ""
        // A file's name may have spaces in it.
        let rest = line.dropFirst(1 + name.count).drop { $0 == " " }
        let operand = String(rest)
        switch (name, words.count) {
        case ("image", 2...): self = .image(operand)
        case ("save", 2...): self = .save(operand)
        case ("export", 2...): self = .export(operand)
        case ("fork", 2): self = .fork(operand)
        case ("seed", 2): self = .seed(try ChatCommand.number(operand, for: name))
        case ("steps", 2): self = .steps(try ChatCommand.number(operand, for: name))
        case ("steps", 1): self = .steps(nil)
        case ("scheduler", _):
            // So may a scheduler's.
            let called = words.dropFirst().prefix { !$0.contains("=") }
            self = .scheduler(
                called.isEmpty ? nil : called.joined(separator: " "),
                Array(words.dropFirst(1 + called.count)))
        case ("undo", 1): self = .undo
        case ("sessions", 1): self = .sessions
        case ("help", 1): self = .help
        case ("quit", 1): self = .quit
        default: throw ChatCommand.failure(name)
        }
    }

    private static func number<Number: FixedWidthInteger>(
        _ text: String, for name: String
    ) throws -> Number {
        guard let number = Number(text), number >= 0 else {
            throw Failure.usage("/\(name): \"\(text)\" is not a number")
        }
        return number
    }

    private static func failure(_ name: String) -> Failure {
        if let command = list.first(where: { $0.name == name }) {
            let usage = command.operands.isEmpty ? "" : " " + command.operands
            return .usage("usage: /\(name)\(usage)")
        }
        let nearest = nearest(to: name, in: list.map(\.name))
        let suggestion = nearest.map { "did you mean /\($0)?" } ?? "/help lists them"
        return .usage("/\(name) is not a command: \(suggestion)")
    }
}
