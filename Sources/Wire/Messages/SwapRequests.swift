internal import CProtobufC

/// How to wait for the requests of the generation that was replaced.
public struct DrainPolicy: Sendable, Equatable {
    /// In nanoseconds; 0 does not wait.
    public var timeout: Int64
    /// Whether to cancel what runs then. Otherwise it goes on, and `finished` names it.
    public var cancel: Bool

    public init(timeout: Int64, cancel: Bool = false) {
        self.timeout = timeout
        self.cancel = cancel
    }

    init?(_ drain: UnsafePointer<Voken__V1__Drain>?) {
        guard let drain = unsafe drain?.pointee else { return nil }
        unsafe self.init(timeout: drain.timeout_nano, cancel: drain.cancel != 0)
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Drain> {
        unsafe arena.message(voken__v1__drain__init) { drain, _ in
            unsafe drain.timeout_nano = timeout
            unsafe drain.cancel = cancel ? 1 : 0
        }
    }
}

/// What `voken.v1.Pipeline/Swap` takes.
public struct SwapRequest: Message {
    /// The stage to replace: `unet`, `scheduler`, …
    public var kind: String
    /// The name of a stage in the plugin directories, or the absolute path of a plugin's file;
    /// empty for the plugin that serves, loaded anew if its file has changed.
    public var plugin: String
    /// The absolute path of a model folder, or of a safetensors file that replaces the weights of
    /// the folder that serves; empty keeps what serves.
    public var weights: String
    /// A JSON object of at most 64 KiB, or empty: each option must be known to the new stage.
    public var options: String
    /// Whether to forget the options that serve. Otherwise those that the new stage knows stay.
    public var fresh: Bool
    /// `nil` waits 60 seconds.
    public var drain: DrainPolicy?

    public init(
        kind: String, plugin: String = "", weights: String = "", options: String = "",
        fresh: Bool = false, drain: DrainPolicy? = nil
    ) {
        self.kind = kind
        self.plugin = plugin
        self.weights = weights
        self.options = options
        self.fresh = fresh
        self.drain = drain
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__swap_request__unpack) {
            message throws(WireError) in
            unsafe SwapRequest(
                kind: try validText(message.kind, "kind", limit: TextLimit.name),
                plugin: try validText(message.plugin, "plugin", limit: TextLimit.path),
                weights: try validText(message.weights, "weights", limit: TextLimit.path),
                options: try validText(message.options, "options", limit: TextLimit.options),
                fresh: message.fresh != 0, drain: DrainPolicy(message.drain))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__swap_request__init) { message, arena in
            unsafe message.kind = arena.string(kind)
            unsafe message.plugin = arena.string(plugin)
            unsafe message.weights = arena.string(weights)
            unsafe message.options = arena.string(options)
            unsafe message.fresh = fresh ? 1 : 0
            unsafe message.drain = drain?.packed(&arena)
        }
    }
}

/// What `voken.v1.Pipeline/Apply` takes.
public struct ApplyRequest: Message {
    /// Of a pipeline file, at most 1 MiB.
    public var text: String
    /// Its absolute path: relative paths in it start from its folder.
    public var path: String
    /// Whether to prepare all and commit nothing.
    public var dryRun: Bool
    /// `nil` waits 60 seconds.
    public var drain: DrainPolicy?

    public init(text: String, path: String, dryRun: Bool = false, drain: DrainPolicy? = nil) {
        self.text = text
        self.path = path
        self.dryRun = dryRun
        self.drain = drain
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__apply_request__unpack) {
            message throws(WireError) in
            unsafe ApplyRequest(
                text: try validText(message.text, "text", limit: TextLimit.file),
                path: try validText(message.path, "path", limit: TextLimit.path),
                dryRun: message.dry_run != 0, drain: DrainPolicy(message.drain))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__apply_request__init) { message, arena in
            unsafe message.text = arena.string(text)
            unsafe message.path = arena.string(path)
            unsafe message.dry_run = dryRun ? 1 : 0
            unsafe message.drain = drain?.packed(&arena)
        }
    }
}

/// What `voken.v1.Pipeline/Rollback` takes.
public struct RollbackRequest: Message {
    /// One that is kept; 0 for the one that served before.
    public var generation: Int
    /// `nil` waits 60 seconds.
    public var drain: DrainPolicy?

    public init(generation: Int = 0, drain: DrainPolicy? = nil) {
        self.generation = generation
        self.drain = drain
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__rollback_request__unpack) {
            message throws(WireError) in
            unsafe RollbackRequest(
                generation: Int(message.generation), drain: DrainPolicy(message.drain))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__rollback_request__init) { message, arena in
            unsafe message.generation = UInt32(clamping: generation)
            unsafe message.drain = drain?.packed(&arena)
        }
    }
}
