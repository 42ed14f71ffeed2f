import Testing
import Wire

/// F1 to F9 of the conformance suite, as far as they need no socket.
struct FrameTests {
    @Test func headerIsBigEndian() {
        let frame = Frame(.data, stream: 0x0102_0305, flags: [.remoteClosed, .noData])
        #expect(frame.bytes == [0, 0, 0, 0, 1, 2, 3, 5, 3, 5])
        let request = Frame(
            .request, stream: 1, flags: .remoteOpen, payload: [UInt8](repeating: 7, count: 258))
        #expect(request.bytes.prefix(10) == [0, 0, 1, 2, 0, 0, 0, 1, 1, 2])
        #expect(request.bytes.count == 268)
    }

    private static let conversation = [
        Frame(.request, stream: 1, flags: .remoteClosed, payload: Array("hello".utf8)),
        Frame(.response, stream: 1),
        Frame(FrameKind(rawValue: 200), stream: 7, payload: [0, 0, 0]),
        Frame(.data, stream: .max, flags: .init(rawValue: 0xff), payload: [1]),
    ]

    @Test func everySplitGivesTheSameFrames() throws {
        let bytes = FrameTests.conversation.flatMap(\.bytes)
        for split in 0...bytes.count {
            var decoder = FrameDecoder()
            var frames = try decoder.frames(after: Array(bytes[..<split]))
            frames += try decoder.frames(after: Array(bytes[split...]))
            #expect(frames == FrameTests.conversation, "split at \(split)")
            #expect(decoder.isInsideFrame == false)
        }
    }

    @Test func singleBytesGiveTheSameFrames() throws {
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        for byte in FrameTests.conversation.flatMap(\.bytes) {
            frames += try decoder.frames(after: [byte])
        }
        #expect(frames == FrameTests.conversation)
        #expect(decoder.framesEnded == 4)
    }

    @Test func aPartIsNoFrame() throws {
        var decoder = FrameDecoder()
        #expect(try decoder.frames(after: [0, 0, 0]) == [])
        #expect(decoder.isInsideFrame == true)
        #expect(try decoder.frames(after: [2, 0, 0, 0, 1, 1, 0]) == [])
        #expect(try decoder.frames(after: [9]) == [])
        #expect(decoder.isInsideFrame == true)
        #expect(
            try decoder.frames(after: [8]) == [Frame(.request, stream: 1, payload: [9, 8])])
        #expect(decoder.isInsideFrame == false)
    }

    @Test func largestFrameIsTaken() throws {
        let frame = Frame(.data, stream: 3, payload: pattern(Frame.maximumCount))
        var decoder = FrameDecoder()
        let isSame = try decoder.frames(after: frame.bytes) == [frame]
        #expect(isSame)  // not in one: the macro would describe 4 million bytes
    }

    @Test(arguments: [Frame.maximumCount + 1, 5_000_000, Frame.reservedCount - 1])
    func oversizedFrameIsDroppedAndTheNextRead(count: Int) throws {
        var decoder = FrameDecoder()
        let header = (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
        decoder.push((header + [0, 0, 0, 5, 1, 0]).span)
        #expect(try decoder.next() == .oversized(stream: 5, count: count))
        let piece = [UInt8](repeating: 1, count: 100_000)
        var left = count
        while left > 0 {
            decoder.push(Array(piece.prefix(left)).span)
            #expect(try decoder.next() == nil)
            left -= min(left, piece.count)
        }
        let next = Frame(.request, stream: 7, payload: [4])
        #expect(try decoder.frames(after: next.bytes) == [next])
    }

    @Test func reservedLengthEndsTheConversation() {
        var decoder = FrameDecoder()
        decoder.push([1, 0, 0, 0, 0, 0, 0, 9, 1, 0].span)
        #expect(throws: WireError.self) { _ = try decoder.next() }
        #expect(decoder.lostStream == 9)
        decoder.push(Frame(.request, stream: 1).bytes.span)
        #expect(throws: WireError.self) { _ = try decoder.next() }
    }

    @Test func randomBytesNeverTrap() {
        var random = SplitMix(seed: 1)
        for _ in 0..<10_000 {
            var decoder = FrameDecoder()
            decoder.push(random.bytes(upTo: 200).span)
            do {
                while try decoder.next() != nil {}
            } catch {
                #expect(error.code == .tooLarge)
            }
        }
    }
}

extension FrameDecoder {
    /// The whole frames that more bytes complete.
    fileprivate mutating func frames(after bytes: [UInt8]) throws -> [Frame] {
        push(bytes.span)
        var frames: [Frame] = []
        while case .frame(let frame)? = try next() { frames.append(frame) }
        return frames
    }
}
