import Testing

@testable import Wire

struct SwapMessageTests {
    private static let kinds: [SwapEvent.Kind] = [
        .change(.init(key: "stage.unet.model", before: "\"a\"", after: "")),
        .phase(.example),
        .committed(.init(generation: 5, previous: 4, microseconds: 1 << 42, holders: 3)),
        .finished(
            .init(
                committed: true, drained: false, drainMilliseconds: 1 << 43,
                returnedPrivate: 1 << 44, returnedMapped: 1 << 45, residentBytes: 1 << 46,
                holders: [.example, .example], kept: false)),
        .finished(
            .init(
                committed: false, drained: true, drainMilliseconds: 0, returnedPrivate: 0,
                returnedMapped: 0, residentBytes: 0, holders: [], kept: true)),
        .failed(.example), .unknown,
    ]

    private static let upgradeKinds: [UpgradeEvent.Kind] = [
        .phase(.example), .upgraded(.init(pid: 4121, version: "0.2")), .failed(.example), .unknown,
    ]

    private static let drains: [DrainPolicy?] = [
        nil, DrainPolicy(timeout: 0), DrainPolicy(timeout: .max, cancel: true),
        DrainPolicy(timeout: -1),
    ]

    private func text(_ count: Int) -> String { String(repeating: "x", count: count) }

    // MARK: There and back

    @Test(arguments: drains) func requestsComeBack(drain: DrainPolicy?) throws {
        let swap = SwapRequest(
            kind: "unet", plugin: "/lib/libU.so", weights: "/models/sd",
            options: #"{"a": 1, "b": "c"}"#,
            fresh: true, drain: drain)
        #expect(try SwapRequest(swap.bytes) == swap)
        let apply = ApplyRequest(
            text: "name = \"p\"\n", path: "/etc/p.toml", dryRun: true, drain: drain)
        #expect(try ApplyRequest(apply.bytes) == apply)
        let rollback = RollbackRequest(generation: 7, drain: drain)
        #expect(try RollbackRequest(rollback.bytes) == rollback)
    }

    @Test func emptyRequestsComeBack() throws {
        #expect(try SwapRequest([]) == SwapRequest(kind: ""))
        #expect(try ApplyRequest([]) == ApplyRequest(text: "", path: ""))
        #expect(try RollbackRequest([]) == RollbackRequest(generation: 0))
        #expect(try UpgradeRequest([]) == UpgradeRequest())
        let upgrade = UpgradeRequest(program: "/usr/bin/vokend")
        #expect(try UpgradeRequest(upgrade.bytes) == upgrade)
    }

    @Test(arguments: kinds) func eventsOfASwapComeBack(kind: SwapEvent.Kind) throws {
        let event = SwapEvent(seq: .max, generation: 6, kind: kind)
        #expect(try SwapEvent(event.bytes) == event)
    }

    @Test(arguments: upgradeKinds) func eventsOfAnUpgradeComeBack(kind: UpgradeEvent.Kind) throws {
        let event = UpgradeEvent(seq: .max, kind: kind)
        #expect(try UpgradeEvent(event.bytes) == event)
    }

    @Test func generationsComeBack() throws {
        var later = GenerationInfo.example
        later.state = GenerationInfo.State(rawValue: "of a newer daemon")
        let reply = ListGenerationsReply(generations: [later, .example])
        #expect(try ListGenerationsReply(reply.bytes) == reply)
    }

    @Test func goldenEvents() throws {
        // protoc-c --encode=voken.v1.SwapEvent: 'seq: 3 generation: 2 committed { generation: 2
        // previous: 1 holders: 5 }'
        let swap: [UInt8] = [0x08, 3, 0x10, 2, 0x2a, 6, 0x08, 2, 0x10, 1, 0x20, 5]
        let committed = SwapEvent.Committed(
            generation: 2, previous: 1, microseconds: 0, holders: 5)
        #expect(
            try SwapEvent(swap) == SwapEvent(seq: 3, generation: 2, kind: .committed(committed)))
        #expect(try SwapEvent(swap).bytes == swap)
        // protoc-c --encode=voken.v1.UpgradeEvent: 'seq: 1 upgraded { pid: 9 version: "a" }'
        let upgrade: [UInt8] = [0x08, 1, 0x1a, 5, 0x08, 9, 0x12, 1, 0x61]
        let upgraded = UpgradeEvent(seq: 1, kind: .upgraded(.init(pid: 9, version: "a")))
        #expect(try UpgradeEvent(upgrade) == upgraded)
        #expect(upgraded.bytes == upgrade)
    }

    @Test func stageOfAnOlderDaemonHasNoMemory() throws {
        // protoc-c --encode=voken.v1.ListStagesReply <<< 'stages { kind: "k" }'
        let stage = try #require(try ListStagesReply([0x1a, 3, 0x0a, 1, 0x6b]).stages.first)
        #expect(stage.kind == "k" && stage.options.isEmpty && stage.memory == StageMemory())
    }

    /// The bound of expansion must leave room for as many requests as a daemon takes.
    @Test func aThousandHoldersComeBack() throws {
        let holders = (1...1000).map { Holder(job: "\($0)", generation: 1, position: "waiting") }
        let generation = GenerationInfo(
            number: 1, state: .serving, holders: holders, stages: [], ownBytes: 0)
        let reply = ListGenerationsReply(generations: [generation])
        #expect(try ListGenerationsReply(reply.bytes) == reply)
    }

    @Test func lastEventsSaySo() {
        let ends = SwapMessageTests.kinds.map { SwapEvent(seq: 1, generation: 1, kind: $0).isEnd }
        #expect(ends == [false, false, false, true, true, true, false])
        let upgrades = SwapMessageTests.upgradeKinds.map { UpgradeEvent(seq: 1, kind: $0).isEnd }
        #expect(upgrades == [false, true, true, false])
    }

    // MARK: What is refused

    @Test func textUpToItsLimitIsTaken() throws {
        let swap = SwapRequest(
            kind: text(1024), plugin: text(4096), weights: text(4096), options: text(64 << 10))
        #expect(try SwapRequest(swap.bytes) == swap)
        let apply = ApplyRequest(text: text(1 << 20), path: text(4096))
        #expect(try ApplyRequest(apply.bytes) == apply)
        let upgrade = UpgradeRequest(program: text(4096))
        #expect(try UpgradeRequest(upgrade.bytes) == upgrade)
    }

    @Test func longerTextIsRefused() {
        let swaps = [
            SwapRequest(kind: text(1025)), SwapRequest(kind: "k", plugin: text(4097)),
            SwapRequest(kind: "k", weights: text(4097)),
            SwapRequest(kind: "k", options: text(64 << 10 | 1)),
        ]
        for swap in swaps { expectTooLarge { () throws(WireError) in try SwapRequest(swap.bytes) } }
        let applies = [
            ApplyRequest(text: text(1 << 20 | 1), path: ""),
            ApplyRequest(text: "", path: text(4097)),
        ]
        for apply in applies {
            expectTooLarge { () throws(WireError) in try ApplyRequest(apply.bytes) }
        }
        let upgrade = UpgradeRequest(program: text(4097))
        expectTooLarge { () throws(WireError) in try UpgradeRequest(upgrade.bytes) }
        var phase = SwapEvent.Phase.example
        phase.detail = text(64 << 10 | 1)
        let event = SwapEvent(seq: 1, generation: 1, kind: .phase(phase))
        expectTooLarge { () throws(WireError) in try SwapEvent(event.bytes) }
    }

    private func expectTooLarge<Value>(_ decode: () throws(WireError) -> Value) {
        let error = #expect(throws: WireError.self) { _ = try decode() }
        #expect(error?.code == .tooLarge)
    }

    @Test func textThatIsNotUTF8IsRefused() {
        #expect(throws: WireError.self) { try SwapRequest([0x0a, 1, 0xff]) }
        #expect(throws: WireError.self) { try ApplyRequest([0x12, 1, 0xff]) }
        #expect(throws: WireError.self) { try UpgradeRequest([0x0a, 1, 0xff]) }
        #expect(throws: WireError.self) { try SwapEvent([0x3a, 3, 0x0a, 1, 0xff]) }
    }

    @Test func garbageIsRefused() {
        let garbage: [UInt8] = [0xff, 0xff]
        #expect(throws: WireError.self) { try SwapRequest(garbage) }
        #expect(throws: WireError.self) { try ApplyRequest(garbage) }
        #expect(throws: WireError.self) { try RollbackRequest(garbage) }
        #expect(throws: WireError.self) { try UpgradeRequest(garbage) }
        #expect(throws: WireError.self) { try SwapEvent(garbage) }
        #expect(throws: WireError.self) { try UpgradeEvent(garbage) }
        #expect(throws: WireError.self) { try ListGenerationsReply(garbage) }
    }

    @Test func expansionIsBounded() {
        var bytes: [UInt8] = []
        for _ in 0..<(1 << 20) { bytes += [0x0a, 0] }
        #expect(throws: WireError.self) { try ListGenerationsReply(bytes) }
    }

    @Test func corruptedMessagesNeverTrap() {
        var random = SplitMix(seed: 8)
        let messages =
            SwapMessageTests.kinds.map { SwapEvent(seq: 1, generation: 1, kind: $0).bytes }
            + SwapMessageTests.upgradeKinds.map { UpgradeEvent(seq: 1, kind: $0).bytes }
            + [ListGenerationsReply(generations: [.example]).bytes]
        for message in messages {
            for _ in 0..<500 {
                var bytes = Array(message.prefix(Int.random(in: 0...message.count, using: &random)))
                if let index = bytes.indices.randomElement(using: &random) {
                    bytes[index] = UInt8.random(in: 0...255, using: &random)
                }
                _ = try? SwapEvent(bytes)
                _ = try? UpgradeEvent(bytes)
                _ = try? ListGenerationsReply(bytes)
            }
        }
    }
}
