import Foundation
import Testing
import Wire

/// F1 to F9 of the conformance suite, as far as they need no socket.
struct FrameTests {
    @Test("F1: a header is big-endian")
    func headerIsBigEndian() {
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

    @Test("F2, F3: every split gives the same frames")
    func everySplitGivesTheSameFrames() throws {
        let bytes = FrameTests.conversation.flatMap(\.bytes)
        for split in 0...bytes.count {
            var decoder = FrameDecoder()
            var frames = try decoder.frames(after: Array(bytes[..<split]))
            frames += try decoder.frames(after: Array(bytes[split...]))
            #expect(frames == FrameTests.conversation, "split at \(split)")
            #expect(decoder.isInsideFrame == false)
        }
    }

    @Test("F2: single bytes give the same frames")
    func singleBytesGiveTheSameFrames() throws {
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        for byte in FrameTests.conversation.flatMap(\.bytes) {
            frames += try decoder.frames(after: [byte])
        }
        #expect(frames == FrameTests.conversation)
        #expect(decoder.framesEnded == 4)
    }

    @Test("F9: a part is no frame")
    func aPartIsNoFrame() throws {
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

    @Test("F5: 4,194,304 bytes are taken")
    func largestFrameIsTaken() throws {
        let frame = Frame(.data, stream: 3, payload: pattern(Frame.maximumCount))
        var decoder = FrameDecoder()
        let isSame = try decoder.frames(after: frame.bytes) == [frame]
        #expect(isSame)  // not in one: the macro would describe 4 million bytes
    }

    @Test(
        "F6: an oversized frame is dropped, and the next read",
        arguments: [Frame.maximumCount + 1, 5_000_000, Frame.reservedCount - 1])
    func oversizedFrameIsDroppedAndTheNextRead(count: Int) throws {
        var decoder = FrameDecoder()
        let header = (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
        #expect(
            try decoder.items(after: header + [0, 0, 0, 5, 1, 0])
                == [.oversized(stream: 5, count: count)])
        let piece = [UInt8](repeating: 1, count: 100_000)
        var left = count
        while left > 0 {
            #expect(try decoder.items(after: Array(piece.prefix(left))) == [])
            left -= min(left, piece.count)
        }
        let next = Frame(.request, stream: 7, payload: [4])
        #expect(try decoder.frames(after: next.bytes) == [next])
    }

    @Test("F7: a length of 16 MiB ends the conversation")
    func reservedLengthEndsTheConversation() {
        var decoder = FrameDecoder()
        #expect(throws: WireError.self) {
            _ = try decoder.items(after: [1, 0, 0, 0, 0, 0, 0, 9, 1, 0])
        }
        #expect(decoder.lostStream == 9)
        #expect(throws: WireError.self) {
            _ = try decoder.items(after: Frame(.request, stream: 1).bytes)
        }
    }

    @Test func randomBytesNeverTrap() {
        var random = SplitMix(seed: 1)
        for _ in 0..<10_000 {
            var decoder = FrameDecoder()
            do {
                _ = try decoder.items(after: random.bytes(upTo: 200))
            } catch {
                #expect(error.code == .tooLarge)
            }
        }
    }
}

extension FrameTests {
    @Test("F8: a declared length takes no memory")
    func declaredLengthTakesNoMemory() throws {
        let before = try mappedBytes()
        var decoders: [Holder] = []
        for _ in 0..<2000 {
            let holder = Holder()
            // 4 MiB are declared, and 1 KiB comes.
            let start = [0, 0x40, 0, 0, 0, 0, 0, 1, 1, 0] + [UInt8](repeating: 1, count: 1024)
            #expect(try holder.decoder.items(after: start) == [])
            decoders.append(holder)
        }
        // Beside what the tests that run at the same time take.
        #expect(try mappedBytes() - before < 2 << 30)
        #expect(decoders.count == 2000)
    }
}

/// Decoders cannot be copied, and so not be kept in an array.
private final class Holder {
    var decoder = FrameDecoder()
}

/// Of the whole process.
private func mappedBytes() throws -> Int {
    // /proc/self/statm: pages in all, pages resident, …
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(
        separator: " ")
    return Int(pages[0], radix: 10).map { $0 * 4096 } ?? 0
}
