internal import CProtobufC

/// What `voken.v1.Pipeline/Get` answers.
public struct GetPipelineReply: Message {
    public var name: String
    /// Of the file that it was read from; paths in ``text`` start from its folder.
    public var path: String
    public var generation: Int
    /// TOML, with what swaps have changed.
    public var text: String
    public var stages: [StageInfo]

    public init(name: String, path: String, generation: Int, text: String, stages: [StageInfo]) {
        self.name = name
        self.path = path
        self.generation = generation
        self.text = text
        self.stages = stages
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__get_pipeline_reply__unpack) {
            message throws(WireError) in
            unsafe GetPipelineReply(
                name: try validText(message.name, "name", limit: TextLimit.name),
                path: try validText(message.path, "path", limit: TextLimit.path),
                generation: Int(message.generation),
                text: try validText(message.text, "text", limit: TextLimit.file),
                stages: try elements(message.stages, message.n_stages) { part throws(WireError) in
                    try unsafe StageInfo(part)
                })
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__get_pipeline_reply__init) { message, arena in
            unsafe message.name = arena.string(name)
            unsafe message.path = arena.string(path)
            unsafe message.generation = UInt32(clamping: generation)
            unsafe message.text = arena.string(text)
            unsafe message.n_stages = stages.count
            unsafe message.stages = arena.list(stages) { unsafe $0.packed(&$1) }
        }
    }
}

/// What `voken.v1.Pipeline/Validate` takes.
public struct ValidateRequest: Message {
    /// Of a pipeline file, at most 1 MiB.
    public var text: String
    /// Its absolute path: relative paths in it start from its folder. It need not exist.
    public var path: String

    public init(text: String, path: String) {
        self.text = text
        self.path = path
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__validate_request__unpack) {
            message throws(WireError) in
            unsafe ValidateRequest(
                text: try validText(message.text, "text", limit: TextLimit.file),
                path: try validText(message.path, "path", limit: TextLimit.path))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__validate_request__init) { message, arena in
            unsafe message.text = arena.string(text)
            unsafe message.path = arena.string(path)
        }
    }
}

/// What it answers.
public struct ValidateReply: Message {
    /// Valid if there are none.
    public var problems: [PipelineProblem]
    /// What would be different if it were applied.
    public var changes: [SwapEvent.Change]

    public init(problems: [PipelineProblem], changes: [SwapEvent.Change]) {
        self.problems = problems
        self.changes = changes
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__validate_reply__unpack) {
            message throws(WireError) in
            unsafe ValidateReply(
                problems: try elements(message.problems, message.n_problems) {
                    part throws(WireError) in try unsafe PipelineProblem(part)
                },
                changes: try elements(message.changes, message.n_changes) {
                    part throws(WireError) in try unsafe SwapEvent.Change(part)
                })
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__validate_reply__init) { message, arena in
            unsafe message.n_problems = problems.count
            unsafe message.problems = arena.list(problems) { unsafe $0.packed(&$1) }
            unsafe message.n_changes = changes.count
            unsafe message.changes = arena.list(changes) { unsafe $0.packed(&$1) }
        }
    }
}

/// What is wrong with a pipeline file.
public struct PipelineProblem: Sendable, Equatable {
    /// From 1; 0 if it is of no line.
    public var line: Int
    public var code: String
    /// Names the thing and the remedy.
    public var message: String

    public init(line: Int, code: String, message: String) {
        self.line = line
        self.code = code
        self.message = message
    }

    init(_ message: Voken__V1__Problem) throws(WireError) {
        unsafe self.init(
            line: Int(message.line),
            code: try validText(message.code, "code", limit: TextLimit.name),
            message: try validText(message.message, "message", limit: TextLimit.message))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Problem>? {
        unsafe arena.message(voken__v1__problem__init) { message, arena in
            unsafe message.line = UInt32(clamping: line)
            unsafe message.code = arena.string(code)
            unsafe message.message = arena.string(self.message)
        }
    }
}
