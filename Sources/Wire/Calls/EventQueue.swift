/// First in, first out. To take is cheap however many wait: one read may hold thousands of frames.
public struct EventQueue<Event> {
    private var events: [Event?] = []
    /// Those before it are taken.
    private var first = 0

    public init() {}

    public var isEmpty: Bool { first == events.count }

    public mutating func append(_ event: Event) { events.append(event) }

    /// `nil` if none waits.
    public mutating func next() -> Event? {
        guard !isEmpty else { return nil }
        let event = events[first].take()
        first += 1
        if isEmpty {
            events.removeAll(keepingCapacity: events.count <= 64)
            first = 0
        }
        return event
    }
}

extension EventQueue: Sendable where Event: Sendable {}
