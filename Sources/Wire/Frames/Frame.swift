/// What a frame is for. A server ignores kinds that it does not know.
public struct FrameKind: RawRepresentable, Sendable, Equatable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Client to server: opens a call.
    public static let request = FrameKind(rawValue: 1)
    /// Server to client: ends a call.
    public static let response = FrameKind(rawValue: 2)
    /// Both ways: one message of a stream.
    public static let data = FrameKind(rawValue: 3)
    /// Client to server, an extension of ours: nobody waits for this call any more. Servers that
    /// do not know it ignore it. It is never sent to a client: those fail the stream.
    public static let cancel = FrameKind(rawValue: 0x10)
}

/// Named from the receiver's point of view: who sends `remoteClosed` has closed its own side.
public struct FrameFlags: OptionSet, Sendable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The sender has no more to send.
    public static let remoteClosed = FrameFlags(rawValue: 0x01)
    /// The sender of a request will send data.
    public static let remoteOpen = FrameFlags(rawValue: 0x02)
    /// The frame carries no message: without this flag, length 0 is an empty message.
    public static let noData = FrameFlags(rawValue: 0x04)
}

/// The unit of ttrpc: ten bytes of header, then the payload.
///
/// ```
/// 0        4        8      9       10
/// | length | stream | kind | flags | payload …
/// ```
/// Length (of the payload alone) and stream id are big-endian.
public struct Frame: Sendable, Equatable {
    /// Of the header, in bytes.
    static let headerCount = 10
    /// Of a payload, in bytes: 4 MiB. A frame over it must never be sent: Go's clients before
    /// ttrpc 1.2 panic.
    public static let maximumCount = 4 << 20
    /// From here on (16 MiB) the first byte of the header is not 0, which ttrpc reserves: not the
    /// length of any frame, but a peer that speaks something else.
    public static let reservedCount = 16 << 20

    public var stream: UInt32
    public var kind: FrameKind
    public var flags: FrameFlags
    public var payload: [UInt8]

    public init(
        _ kind: FrameKind, stream: UInt32, flags: FrameFlags = [], payload: [UInt8] = []
    ) {
        self.kind = kind
        self.stream = stream
        self.flags = flags
        self.payload = payload
    }

    /// Writes the ten bytes before the payload.
    ///
    /// - Precondition: the payload is at most ``maximumCount`` bytes long.
    func appendHeader(to bytes: inout [UInt8]) {
        precondition(payload.count <= Frame.maximumCount, "a frame of \(payload.count) bytes")
        for word in [UInt32(payload.count), stream] {
            for shift in stride(from: 24, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(shift)))
            }
        }
        bytes.append(kind.rawValue)
        bytes.append(flags.rawValue)
    }

    /// The frame as it is sent.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Frame.headerCount + payload.count)
        appendHeader(to: &bytes)
        bytes += payload
        return bytes
    }
}

/// A header as received: its length may be anything.
struct FrameHeader {
    var count: Int
    var stream: UInt32
    var kind: FrameKind
    var flags: FrameFlags

    /// - Precondition: `bytes` is ``Frame/headerCount`` long.
    init(_ bytes: [UInt8]) {
        precondition(bytes.count == Frame.headerCount)
        func word(at offset: Int) -> UInt32 {
            bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
        }
        count = Int(word(at: 0))
        stream = word(at: 4)
        kind = FrameKind(rawValue: bytes[8])
        flags = FrameFlags(rawValue: bytes[9])
    }
}
