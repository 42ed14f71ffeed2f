/// How a call ended (google.rpc.Status), with gRPC's codes.
public struct Status: Error, Sendable, Equatable, CustomStringConvertible {
    /// gRPC's 0 to 16; others pass through as they are.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public var rawValue: Int32

        public init(rawValue: Int32) { self.rawValue = rawValue }

        public static let ok = Code(rawValue: 0)
        public static let cancelled = Code(rawValue: 1)
        public static let unknown = Code(rawValue: 2)
        public static let invalidArgument = Code(rawValue: 3)
        public static let deadlineExceeded = Code(rawValue: 4)
        public static let notFound = Code(rawValue: 5)
        public static let alreadyExists = Code(rawValue: 6)
        public static let permissionDenied = Code(rawValue: 7)
        public static let resourceExhausted = Code(rawValue: 8)
        public static let failedPrecondition = Code(rawValue: 9)
        public static let aborted = Code(rawValue: 10)
        public static let outOfRange = Code(rawValue: 11)
        public static let unimplemented = Code(rawValue: 12)
        public static let `internal` = Code(rawValue: 13)
        public static let unavailable = Code(rawValue: 14)
        public static let dataLoss = Code(rawValue: 15)
        public static let unauthenticated = Code(rawValue: 16)
    }

    /// More about an error, for programs: a type's name and a message of it.
    public struct Detail: Sendable, Equatable {
        public var typeURL: String
        public var value: [UInt8]

        public init(typeURL: String, value: [UInt8]) {
            self.typeURL = typeURL
            self.value = value
        }
    }

    public var code: Code
    public var message: String
    public var details: [Detail]

    public init(_ code: Code, _ message: String, details: [Detail] = []) {
        self.code = code
        self.message = message
        self.details = details
    }

    public var description: String { message.isEmpty ? "status \(code.rawValue)" : message }
}

extension Status {
    private static let messageLimit = 64 << 10
    private static let detailsLimit = 64

    init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init(.ok, "")
        var fields = FieldReader(bytes)
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (1, .varint(let code)): self.code = Code(rawValue: Int32(truncatingIfNeeded: code))
            case (2, .bytes(let bytes)):
                message = try validText(bytes, "the status' message", limit: Status.messageLimit)
            case (3, .bytes(let bytes)) where details.count < Status.detailsLimit:
                details.append(try Detail(bytes))
            default: break
            }
        }
    }

    var bytes: [UInt8] {
        var fields = FieldWriter()
        fields.varint(1, UInt64(bitPattern: Int64(code.rawValue)))
        fields.string(2, message)
        for detail in details {
            var any = FieldWriter()
            any.string(1, detail.typeURL)
            any.bytes(2, detail.value)
            fields.message(3, any.bytes)
        }
        return fields.bytes
    }
}

extension Status.Detail {
    fileprivate init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init(typeURL: "", value: [])
        var fields = FieldReader(bytes)
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (1, .bytes(let bytes)):
                typeURL = try validText(bytes, "a type's name", limit: 4096)
            case (2, .bytes(let bytes)): self.value = Array(bytes)
            default: break
            }
        }
    }
}
