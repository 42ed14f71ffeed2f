/// One message of the stream that `voken.v1.Generation/Generate` answers.
public struct Event: StreamEvent {
    public enum Kind: Sendable, Equatable {
        /// In the queue, behind so many jobs.
        case accepted(ahead: Int)
        case started(seed: UInt64)
        /// Counts from 1.
        case sceneBegan(index: Int, total: Int)
        /// More text of the scene.
        case text(String)
        case imageBegan(ImageBegin)
        /// So many calls of the UNet are done for an image.
        case step(image: Int, step: Int, total: Int)
        /// A part of a PNG file that is too long for one frame.
        case imageChunk(index: Int, data: [UInt8])
        case imageDone(ImageDone)
        /// Why: `end_of_turn`, `token_limit`, `illustrated` or `given`.
        case sceneEnded(index: Int, reason: String)
        case finished(Finished)
        case failed(Failed)
        /// Of a newer server: to be ignored.
        case unknown
    }

    public struct ImageBegin: Sendable, Equatable {
        /// From 1, over the whole story.
        public var index: Int
        public var width: Int
        public var height: Int
        /// Calls of the UNet to come.
        public var calls: Int
        public var seed: UInt64
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

    public struct ImageDone: Sendable, Equatable {
        public var index: Int
        public var width: Int
        public var height: Int
        /// The PNG file; on the wire, what is left of it after the chunks.
        public var png: [UInt8]
        /// Of the whole file, in lower-case hexadecimal digits.
        public var sha256: String
        /// How the image was made, as in the file's text chunks.
        public var recipe: [RecipeEntry]

        public init(
            index: Int, width: Int, height: Int, png: [UInt8], sha256: String,
            recipe: [RecipeEntry]
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

    public struct Finished: Sendable, Equatable {
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

    public struct Failed: Sendable, Equatable {
        /// For programs: `invalid`, `too_long`, …
        public var code: String
        /// Names the thing and the remedy.
        public var message: String
        /// What a client may do next.
        public var hint: String

        public init(code: String, message: String, hint: String) {
            self.code = code
            self.message = message
            self.hint = hint
        }
    }

    /// From 1. A gap means that `step` events were left out for a slow reader.
    public var seq: UInt64
    public var job: String
    /// Of the pipeline; 0 until the job has started.
    public var generation: Int
    public var kind: Kind

    public init(seq: UInt64, job: String, generation: Int, kind: Kind) {
        self.seq = seq
        self.job = job
        self.generation = generation
        self.kind = kind
    }

    public static var hasEnd: Bool { true }

    /// Whether this is the last event of its job.
    public var isEnd: Bool {
        switch kind {
        case .finished, .failed: true
        default: false
        }
    }
}
