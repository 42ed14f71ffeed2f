internal import CProtobufC

/// What `voken.v1.Pipeline/ListImplementations` takes.
public struct ListImplementationsRequest: Message {
    /// `unet`, `scheduler`, …; empty for all.
    public var kind: String

    public init(kind: String = "") {
        self.kind = kind
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__list_implementations_request__unpack) {
            message throws(WireError) in
            unsafe ListImplementationsRequest(
                kind: try validText(message.kind, "kind", limit: TextLimit.name))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__list_implementations_request__init) { message, arena in
            unsafe message.kind = arena.string(kind)
        }
    }
}

/// What it answers: the stages of the plugins in the pipeline's directories.
public struct ListImplementationsReply: Message {
    public var implementations: [Implementation]

    public init(implementations: [Implementation]) {
        self.implementations = implementations
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__list_implementations_reply__unpack) {
            message throws(WireError) in
            unsafe ListImplementationsReply(
                implementations: try elements(message.implementations, message.n_implementations) {
                    part throws(WireError) in try unsafe Implementation(part)
                })
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__list_implementations_reply__init) { message, arena in
            unsafe message.n_implementations = implementations.count
            unsafe message.implementations = arena.list(implementations) { unsafe $0.packed(&$1) }
        }
    }
}

/// A stage that could serve.
public struct Implementation: Sendable, Equatable {
    public var kind: String
    /// By which a pipeline file or a swap names it.
    public var name: String
    /// The plugin's.
    public var file: String
    /// Whether the generation that serves has it.
    public var serving: Bool

    public init(kind: String, name: String, file: String, serving: Bool) {
        self.kind = kind
        self.name = name
        self.file = file
        self.serving = serving
    }

    init(_ message: Voken__V1__Implementation) throws(WireError) {
        unsafe self.init(
            kind: try validText(message.kind, "kind", limit: TextLimit.name),
            name: try validText(message.name, "name", limit: TextLimit.name),
            file: try validText(message.file, "file", limit: TextLimit.path),
            serving: message.serving != 0)
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Implementation>? {
        unsafe arena.message(voken__v1__implementation__init) { message, arena in
            unsafe message.kind = arena.string(kind)
            unsafe message.name = arena.string(name)
            unsafe message.file = arena.string(file)
            unsafe message.serving = serving ? 1 : 0
        }
    }
}
