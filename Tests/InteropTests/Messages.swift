@testable import Wire

/// Messages of `Tests/Interop/protos`, read and written without protobuf-c.
protocol TestMessage: Equatable, Sendable {
    init()
    /// Takes one field; what it does not know is ignored.
    mutating func read(_ number: UInt64, _ value: FieldReader.Value) throws
    func write(_ fields: inout FieldWriter)
}

extension TestMessage {
    init(_ bytes: [UInt8]) throws { try self.init(bytes[...]) }

    init(_ bytes: ArraySlice<UInt8>) throws {
        self.init()
        var fields = FieldReader(bytes)
        while let (number, value) = try fields.next() { try read(number, value) }
    }

    var bytes: [UInt8] {
        var fields = FieldWriter()
        write(&fields)
        return fields.bytes
    }
}

/// grpc.testing.Empty, and every other message without fields.
struct Nothing: TestMessage {
    mutating func read(_ number: UInt64, _ value: FieldReader.Value) {}
    func write(_ fields: inout FieldWriter) {}
}

/// grpc.testing.Payload, of zeros.
struct Payload: TestMessage {
    var body: [UInt8] = []

    init() {}
    init(count: Int) { body = [UInt8](repeating: 0, count: count) }

    mutating func read(_ number: UInt64, _ value: FieldReader.Value) {
        if case (2, .bytes(let bytes)) = (number, value) { body = Array(bytes) }
    }

    func write(_ fields: inout FieldWriter) { fields.bytes(2, body) }
}

/// grpc.testing.EchoStatus
struct EchoStatus: TestMessage {
    var code: Int32 = 0
    var message = ""

    mutating func read(_ number: UInt64, _ value: FieldReader.Value) throws {
        switch (number, value) {
        case (1, .varint(let bits)): code = Int32(truncatingIfNeeded: bits)
        case (2, .bytes(let bytes)): message = try validText(bytes, "a message", limit: 1 << 16)
        default: break
        }
    }

    func write(_ fields: inout FieldWriter) {
        fields.varint(1, UInt64(code))
        fields.string(2, message)
    }
}

/// grpc.testing.SimpleRequest
struct SimpleRequest: TestMessage {
    var responseSize = 0
    var payload = Payload()
    var status = EchoStatus()

    mutating func read(_ number: UInt64, _ value: FieldReader.Value) throws {
        switch (number, value) {
        case (2, .varint(let size)): responseSize = Int(size)
        case (3, .bytes(let bytes)): payload = try Payload(bytes)
        case (7, .bytes(let bytes)): status = try EchoStatus(bytes)
        default: break
        }
    }

    func write(_ fields: inout FieldWriter) {
        fields.varint(2, UInt64(responseSize))
        fields.message(3, payload.bytes)
        fields.message(7, status.bytes)
    }
}

/// grpc.testing.SimpleResponse, StreamingInputCallRequest and StreamingOutputCallResponse
struct PayloadMessage: TestMessage {
    var payload = Payload()

    init() {}
    init(count: Int) { payload = Payload(count: count) }

    mutating func read(_ number: UInt64, _ value: FieldReader.Value) throws {
        if case (1, .bytes(let bytes)) = (number, value) { payload = try Payload(bytes) }
    }

    func write(_ fields: inout FieldWriter) { fields.message(1, payload.bytes) }
}

/// A message of integers: grpc.testing.StreamingInputCallResponse and ResponseParameters,
/// ttrpc.integration.streaming.Part and Sum, voken.interop.SleepRequest
struct Integers: TestMessage {
    var first: Int32 = 0
    var second: Int32 = 0

    init() {}
    init(_ first: Int32, _ second: Int32 = 0) { (self.first, self.second) = (first, second) }

    mutating func read(_ number: UInt64, _ value: FieldReader.Value) {
        switch (number, value) {
        case (1, .varint(let bits)): first = Int32(truncatingIfNeeded: bits)
        case (2, .varint(let bits)): second = Int32(truncatingIfNeeded: bits)
        default: break
        }
    }

    func write(_ fields: inout FieldWriter) {
        fields.varint(1, UInt64(bitPattern: Int64(first)))
        fields.varint(2, UInt64(bitPattern: Int64(second)))
    }
}

/// grpc.testing.StreamingOutputCallRequest
struct OutputRequest: TestMessage {
    var sizes: [Int] = []
    var payload = Payload()
    var status = EchoStatus()

    mutating func read(_ number: UInt64, _ value: FieldReader.Value) throws {
        switch (number, value) {
        case (2, .bytes(let bytes)): sizes.append(Int(try Integers(bytes).first))
        case (3, .bytes(let bytes)): payload = try Payload(bytes)
        case (7, .bytes(let bytes)): status = try EchoStatus(bytes)
        default: break
        }
    }

    func write(_ fields: inout FieldWriter) {
        for size in sizes { fields.message(2, Integers(Int32(size)).bytes) }
        fields.message(3, payload.bytes)
        fields.message(7, status.bytes)
    }
}

/// ttrpc.integration.streaming.EchoPayload
struct EchoPayload: TestMessage {
    var seq: UInt64 = 0
    var message = ""

    mutating func read(_ number: UInt64, _ value: FieldReader.Value) throws {
        switch (number, value) {
        case (1, .varint(let seq)): self.seq = seq
        case (2, .bytes(let bytes)): message = try validText(bytes, "a message", limit: 1 << 16)
        default: break
        }
    }

    func write(_ fields: inout FieldWriter) {
        fields.varint(1, seq)
        fields.string(2, message)
    }
}

/// A message of texts: voken.interop.ListMetadataRequest and MetadataList
struct Texts: TestMessage {
    var texts: [String] = []

    mutating func read(_ number: UInt64, _ value: FieldReader.Value) throws {
        if case (1, .bytes(let bytes)) = (number, value) {
            texts.append(try validText(bytes, "a text", limit: 1 << 16))
        }
    }

    func write(_ fields: inout FieldWriter) {
        for text in texts { fields.string(1, text) }
    }
}
