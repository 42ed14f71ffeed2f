import Stages
import Synchronization
import Tensors
import Testing

@testable import Pipelines

/// Ways to draw faster, and another picture.
@Suite struct ShortcutTests {
    private func request(_ shortcuts: ShortcutSettings, seed: UInt64 = 3) -> StoryRequest {
        StoryRequest(
            prompt: "Mia the rabbit found a ball.", scenes: 1, steps: 6, seed: seed, guidance: 3,
            shortcuts: shortcuts)
    }

    private static let each = [
        ShortcutSettings(guidanceInterval: GuidanceInterval(low: 0.5, high: 3)),
        ShortcutSettings(deepCache: 3),
        ShortcutSettings(tokenMerging: 0.5),
        ShortcutSettings(
            guidanceInterval: GuidanceInterval(low: 0.5, high: 3), deepCache: 2,
            tokenMerging: 0.25),
    ]

    private func inexact(_ image: StoryImage) -> String? {
        image.recipe.first { $0.key == "inexact" }?.value
    }

    @Test func theRecipeNamesThem() throws {
        let generation = try pocketGeneration()
        let exact = try #require(try run(request(ShortcutSettings()), generation).images.first)
        #expect(inexact(exact) == nil)
        let names = [
            "guidance_interval 0.5:3.0", "deep_cache 3", "token_merging 0.5",
            "guidance_interval 0.5:3.0, deep_cache 2, token_merging 0.25",
        ]
        for (shortcuts, name) in zip(Self.each, names) {
            let image = try #require(try run(request(shortcuts), generation).images.first)
            #expect(inexact(image) == name)
            #expect(image.png != exact.png)
            let text = String(decoding: image.png, as: UTF8.self)
            #expect(text.contains("inexact") && text.contains(name), "in the file's text")
        }
        // Said, and off.
        let off = ShortcutSettings(guidanceInterval: .all, deepCache: 1, tokenMerging: 0)
        #expect(try run(request(off), generation).images.first?.png == exact.png)
    }

    /// Without guidance there is no interval of it.
    @Test func anIntervalOfNothingIsExact() {
        var shortcuts = Shortcuts()
        shortcuts.guidanceInterval = GuidanceInterval(low: 1, high: 2)
        #expect(shortcuts.recipe(Guidance(scale: 1)) == nil)
        #expect(shortcuts.recipe(Guidance(scale: 2)) != nil)
    }

    /// Jobs that leave out this or that, all at once, each against itself alone.
    @Test func companyChangesNothing() throws {
        let generation = try pocketGeneration([
            "unet_batch = 4": "unet_batch = 6", "concurrency = 4": "concurrency = 8",
        ])
        let requests = (Self.each + [ShortcutSettings()] + Self.each.prefix(3)).enumerated().map {
            request($1, seed: UInt64($0))
        }
        let alone = try requests.map { try run($0, generation).images }
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let gate = DispatchGate()
        let logs = requests.map { _ in EventLog() }
        for (index, request) in requests.enumerated() {
            let log = logs[index]
            _ = try engine.submit(request) { event in
                if case .started = event, index == 0 { gate.pass() }
                log.append(event)
            }
            if index == 0 { try gate.waitUntilReached() }
        }
        gate.open()
        for (index, log) in logs.enumerated() {
            #expect(try log.wait().images == alone[index], "request \(index)")
        }
        let unet = try #require(engine.stageCounters[.unet])
        #expect(unet.calls < 6 * requests.count, "some calls are shared")
    }

    @Test func aReusingCallIsCheaper() throws {
        let generation = try pocketGeneration()
        var image = ImageShortcuts(Shortcuts(deepCache: 3), seed: 1)
        var kinds = ""
        // A guided call has nothing to go on from where the last full one was not guided.
        for (call, isGuided) in [false, false, true, true, true, true, false, false].enumerated() {
            let options = image.options(call: call, isGuided: isGuided)
            switch options.depth {
            case .full: kinds += "f"
            case .keeping(let states):
                kinds += "k"
                #expect(states.count == (isGuided ? 2 : 1))
            case .reusing: kinds += "r"
            }
            image.note(call: call, isGuided: isGuided)
        }
        #expect(kinds == "krkrrkrr")
        #expect(generation.unet.shortcuts == Set(UNetShortcut.allCases))
    }

    private func refusal(
        _ shortcuts: ShortcutSettings, _ generation: Generation, guidance: Double = 3
    ) throws -> String {
        var request = request(shortcuts)
        request.guidance = guidance
        let error = try #require(throws: RequestError.self) {
            try StoryOrder(request, generation)
        }
        #expect(error.code == .invalid)
        return error.message
    }

    @Test func whatAUNetCannotDoIsRefused() throws {
        let echo = try echoGeneration()
        let deep = try refusal(ShortcutSettings(deepCache: 2), echo)
        #expect(deep.contains("not for the UNet that serves, echo"))
        #expect(deep.contains("ask for deep_cache 1") && deep.contains("stable_diffusion_unet"))
        #expect(try refusal(ShortcutSettings(tokenMerging: 0.1), echo).contains("token_merging 0,"))
        // Of the pipeline file's own, too.
        let asking = try echoGeneration(["scenes = 2": "scenes = 2\ndeep_cache = 2"])
        #expect(try refusal(ShortcutSettings(), asking).contains("deep_cache"))
        _ = try StoryOrder(request(ShortcutSettings(deepCache: 1)), asking)
    }

    @Test func aSchedulerThatTellsNoNoiseLevelsHasNoInterval() throws {
        let echo = try echoGeneration()
        let shortcuts = ShortcutSettings(guidanceInterval: GuidanceInterval(low: 1, high: 2))
        #expect(try refusal(shortcuts, echo).contains("choose another scheduler"))
        var request = request(shortcuts)
        request.guidance = 1
        _ = try StoryOrder(request, echo)
    }

    @Test func numbersOutOfRange() throws {
        let generation = try pocketGeneration()
        for (shortcuts, name) in [
            (ShortcutSettings(deepCache: 0), "deep_cache is 0; it must be in 1...100"),
            (ShortcutSettings(tokenMerging: 0.8), "token_merging is 0.8; it must be in 0.0...0.75"),
            (ShortcutSettings(tokenMerging: .nan), "token_merging is nan"),
            (
                ShortcutSettings(guidanceInterval: GuidanceInterval(low: 3, high: 2)),
                "guidance_interval is 3.0...2.0"
            ),
            (
                ShortcutSettings(guidanceInterval: GuidanceInterval(low: -1, high: 2)),
                "guidance_interval is -1.0...2.0"
            ),
            (
                ShortcutSettings(guidanceInterval: GuidanceInterval(low: .nan, high: 2)),
                "guidance_interval is nan...2.0"
            ),
        ] {
            #expect(try refusal(shortcuts, generation).contains(name))
        }
    }

    @Test func sessionsHaveThemToo() {
        let session = SessionSettings(shortcuts: ShortcutSettings(deepCache: 3, tokenMerging: 0.5))
        let turn = SessionSettings(shortcuts: ShortcutSettings(deepCache: 1))
        let both = turn.over(session).shortcuts
        #expect(both == ShortcutSettings(deepCache: 1, tokenMerging: 0.5))
        #expect(both.over(Shortcuts(deepCache: 9)).deepCache == 1)
    }
}
