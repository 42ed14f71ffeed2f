import Testing

@testable import Wire

struct MessageTests {
    private static let kinds: [Event.Kind] = [
        .accepted(ahead: 3), .started(seed: .max), .sceneBegan(index: 1, total: 4),
        .text("Ünïcode 🐰\n"), .text(""), .step(image: 1, step: 0, total: 50),
        .imageBegan(
            Event.ImageBegin(
                index: 1, width: 64, height: 48, calls: 51, seed: 7, scheduler: "pndm")),
        .imageChunk(index: 2, data: [0, 1, 255]), .imageChunk(index: 2, data: []),
        .imageDone(
            Event.ImageDone(
                index: 2, width: 64, height: 48, png: pattern(1003), sha256: "ab",
                recipe: [.init(key: "seed", value: "7"), .init(key: "", value: "")])),
        .sceneEnded(index: 1, reason: "end_of_turn"),
        .finished(Event.Finished(scenes: 4, images: 5, tokens: 600, milliseconds: 1 << 40)),
        .failed(Event.Failed(code: "invalid", message: "m", hint: "h")), .unknown,
    ]

    @Test(arguments: kinds) func eventsComeBack(kind: Event.Kind) throws {
        let event = Event(seq: 9, job: "j-1", generation: 2, kind: kind)
        #expect(try Event(event.bytes) == event)
    }

    @Test func goldenEvent() throws {
        // protoc-c --encode=voken.v1.Event <<< 'seq: 2 job: "a" text_delta { text: "hi" }'
        let bytes: [UInt8] = [0x08, 2, 0x12, 1, 0x61, 0x3a, 4, 0x0a, 2, 0x68, 0x69]
        let event = Event(seq: 2, job: "a", generation: 0, kind: .text("hi"))
        #expect(event.bytes == bytes)
        #expect(try Event(bytes) == event)
    }

    @Test func eventOfANewerServerIsUnknown() throws {
        let event = try Event([0x08, 1, 0xa2, 0x06, 2, 0x08, 1])  // field 100
        #expect(event == Event(seq: 1, job: "", generation: 0, kind: .unknown))
    }

    @Test func requestKeepsAbsentApartFromZero() throws {
        let absent = GenerateRequest(prompt: "p")
        #expect(try GenerateRequest(absent.bytes) == absent)
        let zero = GenerateRequest(
            prompt: "", scenes: 0, images: [[], [1, 2]], steps: 0, seed: 0, guidance: 0,
            scheduler: "", timeout: -5)
        #expect(try GenerateRequest(zero.bytes) == zero)
        let full = GenerateRequest(
            prompt: "Mia", scenes: 4, images: [pattern(7001)], steps: 20, seed: .max,
            guidance: -7.5, scheduler: "ddim", timeout: .max,
            schedulerOptions: #"{"eta": 0.5, "use_karras": true}"#)
        #expect(try GenerateRequest(full.bytes) == full)
    }

    @Test func adminMessagesComeBack() throws {
        let stages = ListStagesReply(
            pipeline: "pocket", generation: 3, stages: [.example, .example])
        #expect(try ListStagesReply(stages.bytes) == stages)
        var status = StatusReply(
            pid: 12, version: "0.1", uptimeMilliseconds: 1 << 40, pipeline: "p", generation: 1,
            stages: [.example], queued: 1, running: 2, finished: 3, failed: 4,
            residentBytes: 1 << 33, connections: 6, generations: [.example], images: 7,
            imageBytes: 1 << 34, lastFailure: .example, cancelled: 8, ledgerBytes: 1 << 35)
        #expect(try StatusReply(status.bytes) == status)
        status.lastFailure = nil
        #expect(try StatusReply(status.bytes) == status)
        let version = VersionReply(version: "0.1", protocol: 1)
        #expect(try VersionReply(version.bytes) == version)
        #expect(try CancelRequest(CancelRequest(job: "j").bytes).job == "j")
        #expect(try CancelReply(CancelReply(known: true).bytes).known)
        #expect(HealthCheckResponse(status: .serving).bytes == [8, 1])
        #expect(try HealthCheckResponse([8, 2]).status == .notServing)
        // C's enumerations are unsigned: this is -1.
        #expect(try HealthCheckResponse([8, 255, 255, 255, 255, 15]).status.rawValue == -1)
        #expect(try HealthCheckRequest(HealthCheckRequest(service: "s").bytes).service == "s")
        _ = try EmptyRequest([0x78, 1])
    }

    @Test func zeroByteInTextIsReplaced() throws {
        let event = Event(seq: 1, job: "j", generation: 0, kind: .text("a\0b"))
        #expect(try Event(event.bytes).kind == .text("a\u{FFFD}b"))
    }

    @Test func textThatIsNotUTF8IsRefused() {
        #expect(throws: WireError.self) { try GenerateRequest([0x0a, 2, 0xc3, 0x28]) }
        #expect(throws: WireError.self) { try CancelRequest([0x0a, 1, 0xff]) }
    }

    @Test func longTextIsRefused() {
        let job = CancelRequest(job: String(repeating: "x", count: 257))
        #expect(throws: WireError.self) { try CancelRequest(job.bytes) }
        let options = GenerateRequest(
            prompt: "p", schedulerOptions: String(repeating: "x", count: 64 << 10 | 1))
        #expect(throws: WireError.self) { try GenerateRequest(options.bytes) }
    }

    /// 4 MiB of empty sub-messages would become 2 million structures.
    @Test func expansionIsBounded() {
        var bytes: [UInt8] = []
        for _ in 0..<(1 << 20) { bytes += [0x1a, 0] }
        #expect(throws: WireError.self) { try ListStagesReply(bytes) }
    }

    @Test func randomBytesNeverTrap() {
        var random = SplitMix(seed: 6)
        for _ in 0..<10_000 {
            let bytes = random.bytes(upTo: 80)
            _ = try? Event(bytes)
            _ = try? GenerateRequest(bytes)
            _ = try? StatusReply(bytes)
            _ = try? SwapRequest(bytes)
            _ = try? SwapEvent(bytes)
            _ = try? UpgradeEvent(bytes)
        }
    }

    @Test func corruptedMessagesNeverTrap() {
        var random = SplitMix(seed: 7)
        for kind in MessageTests.kinds {
            let bytes = Event(seq: 1, job: "job", generation: 1, kind: kind).bytes
            for _ in 0..<500 {
                var corrupt = Array(bytes.prefix(Int.random(in: 0...min(300, bytes.count))))
                if let index = corrupt.indices.randomElement(using: &random) {
                    corrupt[index] = UInt8.random(in: 0...255, using: &random)
                }
                _ = try? Event(corrupt)
            }
        }
    }
}
