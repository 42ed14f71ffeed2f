/// Takes bytes as they arrive and hands out whole frames.
///
/// Memory grows with what has arrived, never with what a header declares.
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
    /// The part of a header that has arrived.
    private var header: [UInt8] = []
    /// The part of a payload that has arrived.
    private var payload: [UInt8] = []
    /// Tells a peer that sends one frame slowly from one that sends many.
    public private(set) var framesEnded = 0

    /// The stream id beside the length that ended the conversation.
    public private(set) var lostStream: UInt32?

    public init() {}

    /// Whether the last frame has begun but not ended.
    public var isInsideFrame: Bool {
        if case .header = state { return !header.isEmpty }
        return true
    }

    /// Takes bytes up to the end of the next frame.
    ///
    /// - Parameter position: of the first byte that was not taken.
    /// - Returns: the frame, or `nil` if all bytes are taken and it has not ended.
    /// - Throws: ``WireError/Code/tooLarge`` at a length of 16 MiB or more, from then on at each
    ///   call: the connection is of no more use. ``lostStream`` says on which stream.
    public mutating func next(
        _ bytes: Span<UInt8>, from position: inout Int
    ) throws(WireError) -> Item? {
        while true {
            switch state {
            case .header:
                take(Frame.headerCount - header.count, of: bytes, from: &position, into: &header)
                guard header.count == Frame.headerCount else { return nil }
                defer { header.removeAll(keepingCapacity: true) }
                if let item = begin(FrameHeader(header)) { return item }
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
                let taken = min(count, bytes.count - position)
                position += taken
                state = taken == count ? .header : .dropping(count - taken)
                if taken < count { return nil }
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
