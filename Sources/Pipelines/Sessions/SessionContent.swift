public import Checkpoints
import Images

/// What the turns of a session get that do not say.
public struct SessionSettings: Sendable, Equatable {
    public var steps: Int?
    /// Of the session: turn n draws from it and from n, as scene n of a story does.
    public var seed: UInt64?
    public var guidance: Double?
    /// 0 to 1: how far guided outputs are scaled back to the spread of unguided ones.
    public var guidanceRescale: Double?
    public var scheduler: String?
    public var schedulerOptions: [String: SettingValue]
    /// Ways to draw faster, at the price of exactness.
    public var shortcuts: ShortcutSettings

    public init(
        steps: Int? = nil, seed: UInt64? = nil, guidance: Double? = nil,
        guidanceRescale: Double? = nil, scheduler: String? = nil,
        schedulerOptions: [String: SettingValue] = [:],
        shortcuts: ShortcutSettings = ShortcutSettings()
    ) {
        self.steps = steps
        self.seed = seed
        self.guidance = guidance
        self.guidanceRescale = guidanceRescale
        self.scheduler = scheduler
        self.schedulerOptions = schedulerOptions
        self.shortcuts = shortcuts
    }

    /// These, and others where these say nothing. A scheduler comes with its options.
    func over(_ others: SessionSettings) -> SessionSettings {
        let isOwn = scheduler != nil || !schedulerOptions.isEmpty
        return SessionSettings(
            steps: steps ?? others.steps, seed: seed ?? others.seed,
            guidance: guidance ?? others.guidance,
            guidanceRescale: guidanceRescale ?? others.guidanceRescale,
            scheduler: scheduler ?? others.scheduler,
            schedulerOptions: isOwn ? schedulerOptions : others.schedulerOptions,
            shortcuts: shortcuts.over(others.shortcuts))
    }
}

/// One turn that a user takes in a session. What is set holds for this turn alone.
public struct TurnRequest: Sendable, Equatable {
    /// What the user says; empty for the next scene of a story.
    public var text: String
    /// PNG or JPEG files, shown before the text.
    public var images: [[UInt8]]
    public var settings: SessionSettings

    public init(
        text: String, images: [[UInt8]] = [], settings: SessionSettings = SessionSettings()
    ) {
        self.text = text
        self.images = images
        self.settings = settings
    }

    var byteCount: Int { images.reduce(text.utf8.count) { $0 + $1.count } }
}

/// A piece of what was said.
public enum SessionPiece: Sendable, Equatable {
    case text(String)
    /// A picture of the session, by its number from 1.
    case picture(Int)

    var picture: Int? { if case .picture(let number) = self { number } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
}

/// A turn that was taken.
public struct SessionTurn: Sendable, Equatable {
    /// Pictures, then the text, if there was one.
    public var user: [SessionPiece]
    public var answer: [SessionPiece]
    /// Why the answer ended.
    public var reason: StopReason
    /// What stood for the session's seed.
    public var seed: UInt64

    public init(
        user: [SessionPiece], answer: [SessionPiece], reason: StopReason, seed: UInt64
    ) {
        self.user = user
        self.answer = answer
        self.reason = reason
        self.seed = seed
    }

    /// Empty if the user said nothing.
    var text: String { user.compactMap(\.text).joined() }
    var shown: [Int] { user.compactMap(\.picture) }
    var drawn: [Int] { answer.compactMap(\.picture) }
    var byteCount: Int { (user + answer).reduce(0) { $0 + ($1.text?.utf8.count ?? 0) } }
}

/// A picture of a session: the file as it was sent, or as it was delivered.
public struct SessionPicture: Sendable, Equatable {
    public let file: [UInt8]
    /// Of `file`, in lower-case hexadecimal digits.
    public let sha256: String

    public init(file: [UInt8]) {
        self.file = file
        sha256 = SHA256.hash(file)
    }

    init(_ image: StoryImage) {
        file = image.png
        sha256 = image.sha256
    }
}

/// All that was said in a session: what an export holds, and an import takes.
public struct SessionContent: Sendable, Equatable {
    public var settings: SessionSettings
    public var turns: [SessionTurn]
    /// By their numbers, the first at index 0: those of each turn in order, the user's before the
    /// answer's.
    public var pictures: [SessionPicture]

    public init(
        settings: SessionSettings = SessionSettings(), turns: [SessionTurn] = [],
        pictures: [SessionPicture] = []
    ) {
        self.settings = settings
        self.turns = turns
        self.pictures = pictures
    }

    public var pictureBytes: Int { pictures.reduce(0) { $0 + $1.file.count } }

    var byteCount: Int { turns.reduce(pictureBytes) { $0 + $1.byteCount } }

    /// The first turns, with their pictures.
    func prefix(turns count: Int) -> SessionContent {
        let turns = Array(turns.prefix(count))
        let used = turns.reduce(0) { $0 + $1.shown.count + $1.drawn.count }
        return SessionContent(
            settings: settings, turns: turns, pictures: Array(pictures.prefix(used)))
    }
}
