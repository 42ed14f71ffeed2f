/// Which side of a call sends a stream of messages and which sends one.
public enum MethodShape: Sendable, CaseIterable {
    case unary, serverStreaming, clientStreaming, bidirectional

    var streamsInput: Bool { self == .clientStreaming || self == .bidirectional }
    var streamsOutput: Bool { self == .serverStreaming || self == .bidirectional }
}

/// A method by its full name.
public struct Method: Sendable, Hashable {
    public let service: String
    public let name: String
    public let shape: MethodShape

    public init(_ service: String, _ name: String, _ shape: MethodShape) {
        self.service = service
        self.name = name
        self.shape = shape
    }
}
