import Testing
import Wire

/// Steele, Lea, Flood (2014): small, and the same bytes on every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func bytes(upTo limit: Int) -> [UInt8] {
        let count = Int.random(in: 0...limit, using: &self)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}

/// Bytes that differ from their neighbours.
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}

extension ServerConnection {
    /// Everything that happens after `bytes`.
    mutating func events(after bytes: [UInt8]) -> [Event] {
        receive(bytes.span)
        var events: [Event] = []
        while let event = nextEvent() { events.append(event) }
        return events
    }

    mutating func events(after frames: Frame...) -> [Event] {
        events(after: frames.flatMap(\.bytes))
    }

    /// The frames that wait to be written.
    mutating func frames() -> [Frame] { decode(drainOutput()) }
}

extension ClientConnection {
    mutating func events(after bytes: [UInt8]) -> [Event] {
        receive(bytes.span)
        var events: [Event] = []
        while let event = nextEvent() { events.append(event) }
        return events
    }

    mutating func events(after frames: Frame...) -> [Event] {
        events(after: frames.flatMap(\.bytes))
    }

    mutating func frames() -> [Frame] { decode(drainOutput()) }
}

private func decode(_ buffers: [[UInt8]]) -> [Frame] {
    var decoder = FrameDecoder()
    return (try? decoder.frames(after: buffers.flatMap(\.self))) ?? []
}

extension FrameDecoder {
    /// What more bytes complete.
    mutating func items(after bytes: [UInt8]) throws(WireError) -> [Item] {
        var items: [Item] = []
        var position = 0
        while let item = try next(bytes.span, from: &position) { items.append(item) }
        #expect(position == bytes.count)
        return items
    }

    mutating func frames(after bytes: [UInt8]) throws -> [Frame] {
        try items(after: bytes).compactMap { item in
            guard case .frame(let frame) = item else { return nil }
            return frame
        }
    }
}

extension Frame {
    /// The status of a response frame: `nil` for success, or if it is no response.
    var status: Status? {
        guard kind == .response, let response = try? ResponseEnvelope(payload) else { return nil }
        return response.status
    }
}
