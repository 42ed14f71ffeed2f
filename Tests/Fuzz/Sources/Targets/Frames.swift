import Wire

extension Target {
    /// However the bytes arrive, the frames are those that a look at all of them at once finds.
    static let frames = Target(
        "frames", seeds: { try Conversation.bothWays.map { $0 + [3, 0, 9] } }
    ) {
        bytes in
        var input = Input(bytes)
        let pieces = input.pieces()
        var decoder = FrameDecoder()
        var items: [FrameDecoder.Item] = []
        var isLost = false
        for piece in pieces {
            var position = 0
            do {
                while let item = try decoder.next(piece.span, from: &position) {
                    items.append(item)
                }
            } catch { isLost = true }
        }
        let (expected, ending) = framesAtOnce(Array(input.bytes))
        expect(items == expected, "\(items) are not \(expected)")
        expect(isLost == (ending == .lost), "lost: \(isLost), not \(ending)")
        expect(isLost || decoder.isInsideFrame == (ending == .inside), "inside: not \(ending)")
    }
}

enum Ending { case between, inside, lost }

/// The frames of a whole conversation, and how it ends: `etc/doc/protocol.md`, the plain way.
func framesAtOnce(_ bytes: [UInt8]) -> ([FrameDecoder.Item], Ending) {
    var items: [FrameDecoder.Item] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        guard rest.count >= 10 else { return (items, .inside) }
        let header = Array(rest.prefix(10))
        func word(_ at: Int) -> UInt32 { header[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) } }
        let (count, stream) = (Int(word(0)), word(4))
        if count >= 16 << 20 { return (items, .lost) }
        rest = rest.dropFirst(10)
        let isWhole = rest.count >= count
        if count > 4 << 20 {
            items.append(.oversized(stream: stream, count: count))
        } else if isWhole {
            items.append(
                .frame(
                    Frame(
                        FrameKind(rawValue: header[8]), stream: stream,
                        flags: FrameFlags(rawValue: header[9]), payload: Array(rest.prefix(count))))
            )
        }
        if !isWhole { return (items, .inside) }
        rest = rest.dropFirst(count)
    }
    return (items, .between)
}
