/// Bounds the bytes that wait to be written on all connections together. Used on their loop's
/// thread alone.
///
/// When there are too many, the connection with the most is closed.
public final class OutputBudget {
    private let limit: Int
    private var connections: [ObjectIdentifier: PipeConnection] = [:]
    /// Of all connections.
    public internal(set) var queuedCount = 0
    /// Called with the reason for which a connection is closed.
    public var onOverflow: (EventLoopError) -> Void = { _ in }

    public init(limit: Int) { self.limit = limit }

    /// Counts what waits on a connection, until it closes.
    ///
    /// - Precondition: nothing waits yet.
    public func add(_ connection: PipeConnection) {
        precondition(connection.queuedCount == 0 && connection.budget == nil)
        guard !connection.isClosing else { return }
        connections[ObjectIdentifier(connection)] = connection
        connection.budget = self
    }

    func remove(_ connection: PipeConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    func enforce() {
        while queuedCount > limit,
            let longest = connections.values.max(by: { $0.queuedCount < $1.queuedCount })
        {
            let reason = EventLoopError(
                .writeStalled,
                """
                \(queuedCount) bytes wait on all connections, over the limit of \(limit): the \
                one with the most, \(longest.queuedCount), is closed
                """)
            onOverflow(reason)
            longest.close(reason)
        }
    }
}
