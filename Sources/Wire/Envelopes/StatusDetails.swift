/// What a status says for programs, in the messages that gRPC has for it
/// (google/rpc/error_details.proto): `ErrorInfo` and `RetryInfo`.
extension Status {
    private static let errorInfo = "type.googleapis.com/google.rpc.ErrorInfo"
    private static let retryInfo = "type.googleapis.com/google.rpc.RetryInfo"
    /// Of the reasons: whose they are.
    private static let domain = "voken"

    /// - Parameters:
    ///   - reason: `queue_full`, …: see `etc/doc/protocol.md`.
    ///   - retryAfter: when the same request may succeed; not negative.
    public init(_ code: Code, _ message: String, reason: String, retryAfter: Duration? = nil) {
        var info = FieldWriter()
        info.string(1, reason)
        info.string(2, Status.domain)
        self.init(code, message, details: [Detail(typeURL: Status.errorInfo, value: info.bytes)])
        guard let retryAfter else { return }
        precondition(retryAfter >= .zero)
        var delay = FieldWriter()
        delay.varint(1, UInt64(retryAfter.components.seconds))
        delay.varint(2, UInt64(retryAfter.components.attoseconds / 1_000_000_000))
        var retry = FieldWriter()
        retry.message(1, delay.bytes)
        details.append(Detail(typeURL: Status.retryInfo, value: retry.bytes))
    }

    /// For programs, if the server has given one.
    public var reason: String? {
        for detail in details where detail.typeURL == Status.errorInfo {
            if let reason = try? detail.reason(in: Status.domain) { return reason }
        }
        return nil
    }

    /// When the same request may succeed, if the server has said so.
    public var retryAfter: Duration? {
        for detail in details where detail.typeURL == Status.retryInfo {
            if let delay = try? detail.retryDelay() { return delay }
        }
        return nil
    }
}

extension Status.Detail {
    fileprivate func reason(in domain: String) throws(WireError) -> String? {
        var (reason, other) = ("", "")
        var fields = FieldReader(value[...])
        while let (number, field) = try fields.next() {
            switch (number, field) {
            case (1, .bytes(let bytes)):
                reason = try validText(bytes, "a reason", limit: TextLimit.name)
            case (2, .bytes(let bytes)):
                other = try validText(bytes, "a reason's domain", limit: TextLimit.name)
            default: break
            }
        }
        return other == domain && !reason.isEmpty ? reason : nil
    }

    fileprivate func retryDelay() throws(WireError) -> Duration? {
        var fields = FieldReader(value[...])
        while let (number, field) = try fields.next() {
            guard number == 1, case .bytes(let bytes) = field else { continue }
            return try Duration(protobuf: bytes)
        }
        return nil
    }
}

extension Duration {
    /// A google.protobuf.Duration; `nil` for one that is negative.
    fileprivate init?(protobuf bytes: ArraySlice<UInt8>) throws(WireError) {
        var duration = Duration.zero
        var fields = FieldReader(bytes)
        while let (number, field) = try fields.next() {
            switch (number, field) {
            case (1, .varint(let seconds)): duration += .seconds(Int64(bitPattern: seconds))
            case (2, .varint(let nanoseconds)):
                duration += .nanoseconds(Int64(Int32(truncatingIfNeeded: nanoseconds)))
            default: break
            }
        }
        guard duration >= .zero else { return nil }
        self = duration
    }
}
