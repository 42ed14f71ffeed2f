/// A call as a server sees it.
public struct Call: Sendable, Equatable {
    public let stream: UInt32
    public let service: String
    public let method: String
    public let shape: MethodShape
    /// The request; empty if it comes as a stream.
    public let payload: [UInt8]
    /// From receipt; `nil` is no limit. The server must answer DEADLINE_EXCEEDED when it is over.
    public let timeout: Duration?
    public let metadata: [Metadata]
}
