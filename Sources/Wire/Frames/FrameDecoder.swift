/// Takes bytes as they arrive and hands out whole frames.
///
/// Memory grows with what has arrived, never with what a header declares. Push one read, take
/// frames until there are no more, push the next.
public struct FrameDecoder: ~Copyable {
    public enum Item: Sendable, Equatable {
        case frame(Frame)
        /// A frame over the limit: its payload is thrown away as it arrives.
        case oversized(stream: UInt32, count: Int)
    }

    private enum State {
        case header
        case payload(FrameHeader)
        /// How many bytes of an oversized frame are still to come.
        case dropping(Int)
        /// A length that no frame has; nothing after it can be understood.
        case lost(WireError)
    }

    /// A payload is given room for so many times what has arrived of it.
    private static let growth = 4

    private var state = State.header
    /// Bytes that have arrived; those before `position` are consumed.
    private var pending: [UInt8] = []
    private var position = 0
    /// The part of a payload that has arrived.
    private var payload: [UInt8] = []
    /// Tells a peer that sends one frame slowly from one that sends many.
    public private(set) var framesEnded = 0

    /// The stream id beside the length that ended the conversation.
    public private(set) var lostStream: UInt32?

    public init() {}

    /// Whether the last frame has begun but not ended.
    public var isInsideFrame: Bool {
        if case .header = state { return position < pending.count }
        return true
    }

    public mutating func push(_ bytes: Span<UInt8>) {
        if case .lost = state { return }
        if position == pending.count {
            pending.removeAll(keepingCapacity: pending.count <= 64 << 10)
            position = 0
        }
        unsafe bytes.withUnsafeBufferPointer { unsafe pending.append(contentsOf: $0) }
    }

    /// The next frame, or `nil` until more bytes are pushed.
    ///
    /// - Throws: ``WireError/Code/tooLarge`` at a length of 16 MiB or more, from then on at each
    ///   call: the connection is of no more use. ``lostStream`` says on which stream.
    public mutating func next() throws(WireError) -> Item? {
        while true {
            switch state {
            case .header:
                guard pending.count - position >= Frame.headerCount else { return nil }
                let header = FrameHeader(pending[position..<(position + Frame.headerCount)])
                position += Frame.headerCount
                if header.count <= Frame.maximumCount {
                    state = .payload(header)
                } else if header.count < Frame.reservedCount {
                    state = .dropping(header.count)
                    return .oversized(stream: header.stream, count: header.count)
                } else {
                    lostStream = header.stream
                    state = .lost(WireError(.tooLarge, oversizeMessage(header.count)))
                    pending = []
                    position = 0
                }
            case .payload(let header):
                makeRoom(for: bytes.count - position, of: header.count)
                take(header.count - payload.count, of: bytes, from: &position, into: &payload)
                guard payload.count == header.count else { return nil }
                state = .header
                framesEnded += 1
                defer { payload = [] }
                return .frame(
                    Frame(
                        header.kind, stream: header.stream, flags: header.flags, payload: payload))
            case .dropping(let count):
                let left = count - take(count).count
                state = left == 0 ? .header : .dropping(left)
                if left > 0 { return nil }
                framesEnded += 1
            case .lost(let error):
                throw error
            }
        }
    }

    private mutating func makeRoom(for arriving: Int, of count: Int) {
        let wanted = min(count, payload.count + arriving)
        guard payload.capacity < wanted else { return }
        payload.reserveCapacity(min(count, FrameDecoder.growth * wanted))
    }

    private mutating func begin(_ header: FrameHeader) -> Item? {
        if header.count <= Frame.maximumCount {
            state = .payload(header)
        } else if header.count < Frame.reservedCount {
            state = .dropping(header.count)
            return .oversized(stream: header.stream, count: header.count)
        } else {
            lostStream = header.stream
            state = .lost(WireError(.tooLarge, oversizeMessage(header.count)))
        }
        return nil
    }
}

/// Moves up to `count` bytes.
private func take(
    _ count: Int, of bytes: Span<UInt8>, from position: inout Int, into target: inout [UInt8]
) {
    let end = min(bytes.count, position + count)
    unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe target.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[position..<end]))
    }
    position = end
}

/// Go's words.
func oversizeMessage(_ count: Int) -> String {
    "message length \(count) exceed maximum message size of \(Frame.maximumCount)"
}
