/// One entry of what a client says beside its request. A key may repeat.
public struct Metadata: Sendable, Equatable {
    /// In lower case.
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key.lowercased()
        self.value = value
    }
}

/// The payload of a request frame.
public struct RequestEnvelope: Sendable, Equatable {
    /// gRPC's usual limit for all keys and values, in bytes.
    static let metadataLimit = 8 << 10
    private static let nameLimit = 256

    /// Fully qualified.
    public var service: String
    public var method: String
    public var payload: [UInt8]
    /// From receipt, in nanoseconds; 0 is no limit, less is already late.
    public var timeout: Int64
    public var metadata: [Metadata]

    public init(
        service: String, method: String, payload: [UInt8] = [], timeout: Int64 = 0,
        metadata: [Metadata] = []
    ) {
        self.service = service
        self.method = method
        self.payload = payload
        self.timeout = timeout
        self.metadata = metadata
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self.init(service: "", method: "")
        var metadataCount = 0
        var fields = FieldReader(bytes[...])
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (1, .bytes(let bytes)):
                service = try validText(bytes, "the service's name", limit: Self.nameLimit)
            case (2, .bytes(let bytes)):
                method = try validText(bytes, "the method's name", limit: Self.nameLimit)
            case (3, .bytes(let bytes)): payload = Array(bytes)
            case (4, .varint(let nanoseconds)): timeout = Int64(bitPattern: nanoseconds)
            case (5, .bytes(let bytes)):
                // An empty entry costs memory too.
                metadataCount += max(bytes.count, 32)
                guard metadataCount <= Self.metadataLimit else {
                    throw WireError(
                        .tooLarge, "the metadata has over \(Self.metadataLimit) bytes")
                }
                metadata.append(try Metadata(bytes))
            default: break
            }
        }
    }

    public var bytes: [UInt8] {
        var fields = FieldWriter()
        fields.string(1, service)
        fields.string(2, method)
        fields.bytes(3, payload)
        fields.varint(4, UInt64(bitPattern: timeout))
        for entry in metadata {
            var pair = FieldWriter()
            pair.string(1, entry.key)
            pair.string(2, entry.value)
            fields.message(5, pair.bytes)
        }
        return fields.bytes
    }
}

extension Metadata {
    fileprivate init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        var (key, value) = ("", "")
        var fields = FieldReader(bytes)
        while let (number, field) = try fields.next() {
            switch (number, field) {
            case (1, .bytes(let bytes)):
                key = try validText(bytes, "a metadata key", limit: 8 << 10)
            case (2, .bytes(let bytes)):
                value = try validText(bytes, "a metadata value", limit: 8 << 10)
            default: break
            }
        }
        self.init(key: key, value: value)
    }
}
