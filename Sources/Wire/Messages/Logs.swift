internal import CProtobufC

/// What `voken.v1.Admin/Logs` takes.
public struct LogsRequest: Message {
    /// Records of the past at most.
    public var tail: Int
    /// Whether those to come follow, until the client goes.
    public var follow: Bool
    /// From this one on: `debug`, `info`, `notice`, `warning`, `error`; empty for all that is logged.
    public var level: String

    public init(tail: Int, follow: Bool = false, level: String = "") {
        self.tail = tail
        self.follow = follow
        self.level = level
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__logs_request__unpack) {
            message throws(WireError) in
            unsafe LogsRequest(
                tail: Int(message.tail), follow: message.follow != 0,
                level: try validText(message.level, "level", limit: TextLimit.name))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__logs_request__init) { message, arena in
            unsafe message.tail = UInt32(clamping: tail)
            unsafe message.follow = follow ? 1 : 0
            unsafe message.level = arena.string(level)
        }
    }
}

/// One message of the stream that it answers.
public struct LogRecord: StreamEvent {
    /// From 1, of the daemon; a gap means that records were left out for a slow reader.
    public var seq: UInt64
    /// Since 1970.
    public var unixMilliseconds: Int
    public var level: String
    public var message: String
    public var fields: [LogField]

    public init(
        seq: UInt64, unixMilliseconds: Int, level: String, message: String, fields: [LogField]
    ) {
        self.seq = seq
        self.unixMilliseconds = unixMilliseconds
        self.level = level
        self.message = message
        self.fields = fields
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__log_record__unpack) {
            message throws(WireError) in
            unsafe LogRecord(
                seq: message.seq, unixMilliseconds: Int(clamping: message.unix_ms),
                level: try validText(message.level, "level", limit: TextLimit.name),
                message: try validText(message.message, "message", limit: TextLimit.message),
                fields: try elements(message.fields, message.n_fields) { part throws(WireError) in
                    try unsafe LogField(part)
                })
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__log_record__init) { message, arena in
            unsafe message.seq = seq
            unsafe message.unix_ms = UInt64(clamping: unixMilliseconds)
            unsafe message.level = arena.string(level)
            unsafe message.message = arena.string(self.message)
            unsafe message.n_fields = fields.count
            unsafe message.fields = arena.list(fields) { unsafe $0.packed(&$1) }
        }
    }
}

/// What a record says beside its message.
public struct LogField: Sendable, Equatable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    init(_ message: Voken__V1__LogField) throws(WireError) {
        unsafe self.init(
            key: try validText(message.key, "key", limit: TextLimit.name),
            value: try validText(message.value, "value", limit: TextLimit.message))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__LogField>? {
        unsafe arena.message(voken__v1__log_field__init) { message, arena in
            unsafe message.key = arena.string(key)
            unsafe message.value = arena.string(value)
        }
    }
}

/// What `voken.v1.Admin/SetLogLevel` takes.
public struct SetLogLevelRequest: Message {
    public var level: String

    public init(level: String) {
        self.level = level
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__set_log_level_request__unpack) {
            message throws(WireError) in
            unsafe SetLogLevelRequest(
                level: try validText(message.level, "level", limit: TextLimit.name))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__set_log_level_request__init) { message, arena in
            unsafe message.level = arena.string(level)
        }
    }
}

/// What it answers.
public struct SetLogLevelReply: Message {
    public var previous: String

    public init(previous: String) {
        self.previous = previous
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__set_log_level_reply__unpack) {
            message throws(WireError) in
            unsafe SetLogLevelReply(
                previous: try validText(message.previous, "previous", limit: TextLimit.name))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__set_log_level_reply__init) { message, arena in
            unsafe message.previous = arena.string(previous)
        }
    }
}
