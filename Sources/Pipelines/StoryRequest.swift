public import Checkpoints

/// One call of the system: a prompt that opens a story, and how to tell it.
public struct StoryRequest: Sendable, Equatable {
    /// The first sentence.
    public var prompt: String
    /// Turns in all; the first illustrates the prompt, each further one is a turn of the model.
    public var scenes: Int?
    /// PNG or JPEG files, as bytes, shown to the model before the prompt.
    public var images: [[UInt8]]
    public var steps: Int?
    public var seed: UInt64?
    public var guidance: Double?
    /// 0 to 1: how far guided outputs are scaled back to the spread of unguided ones.
    public var guidanceRescale: Double?
    /// A scheduler of the pipeline or of the plugin directories, by name; `nil` for the pipeline's
    /// own.
    public var scheduler: String?
    /// Options of the scheduler for this request alone.
    public var schedulerOptions: [String: SettingValue]
    /// Ways to draw faster, at the price of exactness.
    public var shortcuts: ShortcutSettings

    public init(
        prompt: String, scenes: Int? = nil, images: [[UInt8]] = [], steps: Int? = nil,
        seed: UInt64? = nil, guidance: Double? = nil, guidanceRescale: Double? = nil,
        scheduler: String? = nil, schedulerOptions: [String: SettingValue] = [:],
        shortcuts: ShortcutSettings = ShortcutSettings()
    ) {
        self.prompt = prompt
        self.scenes = scenes
        self.images = images
        self.steps = steps
        self.seed = seed
        self.guidance = guidance
        self.guidanceRescale = guidanceRescale
        self.scheduler = scheduler
        self.schedulerOptions = schedulerOptions
        self.shortcuts = shortcuts
    }

    /// Of the prompt and the pictures.
    var byteCount: Int { images.reduce(prompt.utf8.count) { $0 + $1.count } }
}

/// What happens to a request, in order. Exactly one `finished` or `failed` ends it.
public enum StoryEvent: Sendable, Equatable {
    /// In the queue; how many are before it.
    case accepted(job: String, ahead: Int)
    /// Running on this generation of the pipeline.
    case started(generation: Int, seed: UInt64)
    /// A scene begins; `index` counts from 1.
    case sceneBegan(index: Int, of: Int)
    /// More text of the scene, as it is sampled.
    case text(String)
    case imageBegan(ImageStart)
    /// `step` of `of` calls of the UNet are done for an image.
    case step(image: Int, step: Int, of: Int)
    case imageFinished(StoryImage)
    case sceneEnded(index: Int, reason: StopReason)
    case finished(StorySummary)
    case failed(RequestError)
}

public struct ImageStart: Sendable, Equatable {
    /// From 1, over the whole story.
    public var index: Int
    public var width: Int
    public var height: Int
    /// Calls of the UNet to come.
    public var calls: Int
    public var seed: UInt64
    /// Its name in our own dialect: see ``SchedulerName``.
    public var scheduler: String

    public init(
        index: Int, width: Int, height: Int, calls: Int, seed: UInt64, scheduler: String
    ) {
        self.index = index
        self.width = width
        self.height = height
        self.calls = calls
        self.seed = seed
        self.scheduler = scheduler
    }
}

public struct StoryImage: Sendable, Equatable {
    public var index: Int
    public var width: Int
    public var height: Int
    /// A PNG file with the recipe in its text chunks.
    public var png: [UInt8]
    /// Of `png`, in lower-case hexadecimal digits.
    public var sha256: String
    /// The recipe: key and value, as in the file.
    public var recipe: [RecipeEntry]

    public init(
        index: Int, width: Int, height: Int, png: [UInt8], sha256: String, recipe: [RecipeEntry]
    ) {
        self.index = index
        self.width = width
        self.height = height
        self.png = png
        self.sha256 = sha256
        self.recipe = recipe
    }
}

public struct RecipeEntry: Sendable, Equatable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// Why the model stopped telling a scene.
public enum StopReason: String, Sendable, CaseIterable {
    /// It ended its turn.
    case endOfTurn = "end_of_turn"
    /// The limit of new tokens.
    case tokenLimit = "token_limit"
    /// The scene illustrates given text; the model told nothing.
    case illustrated
    /// The scene is the user's own text, as it is.
    case given
}

public struct StorySummary: Sendable, Equatable {
    public var scenes: Int
    public var images: Int
    public var tokens: Int
    public var milliseconds: Int

    public init(scenes: Int, images: Int, tokens: Int, milliseconds: Int) {
        self.scenes = scenes
        self.images = images
        self.tokens = tokens
        self.milliseconds = milliseconds
    }
}

/// A request that was refused or failed.
public struct RequestError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case invalid  // the request has a value that cannot be
        case tooLong = "too_long"  // the prompt does not fit the context
        case badImage = "bad_image"
        case queueFull = "queue_full"
        case clientLimit = "client_limit"  // too much of one user at a time
        case cancelled
        case deadlineExceeded = "deadline_exceeded"
        case shuttingDown = "shutting_down"
        case stageFailed = "stage_failed"
        case noSession = "no_session"
        case sessionExists = "session_exists"
        case sessionBusy = "session_busy"  // another turn of it is under way
        case sessionLimit = "session_limit"  // too many, too long or too large
    }
    public let code: Code
    /// Names the thing and the remedy.
    public let message: String
    /// Of `queueFull` and `clientLimit`: when a new attempt is likely to be taken, by what jobs
    /// took lately.
    public let retryAfter: Duration?

    public init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    public var description: String { message }
}
