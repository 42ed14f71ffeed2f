/// The payload of a response frame.
///
/// Success is no status at all, so a call that answers an empty message is answered by zero bytes.
/// Rust's servers send a status of code 0 in its place; both are read.
public struct ResponseEnvelope: Sendable, Equatable {
    /// `nil` on success.
    public var status: Status?
    public var payload: [UInt8]

    public init(payload: [UInt8]) { self.payload = payload }

    /// Without a payload: Go's clients decode that first, and would report it in place of the
    /// status.
    ///
    /// - Precondition: the code is not `ok`.
    public init(_ status: Status) {
        precondition(status.code != .ok)
        self.status = status
        payload = []
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self.init(payload: [])
        var fields = FieldReader(bytes[...])
        while let (number, value) = try fields.next() {
            switch (number, value) {
            case (1, .bytes(let bytes)):
                let status = try Status(bytes)
                self.status = status.code == .ok ? nil : status
            case (2, .bytes(let bytes)): payload = Array(bytes)
            default: break
            }
        }
    }

    public var bytes: [UInt8] {
        var fields = FieldWriter()
        if let status { fields.message(1, status.bytes) }
        fields.bytes(2, payload)
        return fields.bytes
    }
}
