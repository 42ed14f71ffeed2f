import Checkpoints
import Dispatch
import Foundation
import PluginHost
import Stages
import Synchronization
import Testing

@testable import Pipelines

/// Swaps of Echo's stages in this process; `EndToEndTests` has those of the real programs.
@Suite final class SwapperTests {
    private let engine: Engine
    private let swapper: Swapper

    init() throws {
        let generation = try echoGeneration()
        engine = Engine(generation)
        swapper = Swapper(engine, host: generation.host, options: generation.file.swap)
    }

    deinit { engine.shutdown(grace: .zero) }

    /// A swap's events, to its end.
    private func perform(
        _ order: SwapOrder, drain: DrainPolicy = DrainPolicy(), by swapper: Swapper? = nil
    ) throws -> [SwapEvent] {
        let events = Mutex<[SwapEvent]>([])
        let ended = DispatchSemaphore(value: 0)
        (swapper ?? self.swapper).perform(order, drain: drain) { event in
            events.withLock { $0.append(event) }
            switch event {
            case .finished, .failed: ended.signal()
            default: break
            }
        }
        try #require(ended.wait(timeout: .now() + 60) == .success)
        return events.withLock { $0 }
    }

    private func change(
        _ kind: StageKind, _ options: [String: SettingValue] = [:], fresh: Bool = false,
        plugin: String? = nil
    ) throws -> [SwapEvent] {
        try perform(
            .change(StageChange(kind, plugin: plugin, options: options, isFresh: fresh)))
    }

    private func failure(_ events: [SwapEvent]) -> SwapError? {
        if case .failed(let error) = events.last { error } else { nil }
    }

    private func result(_ events: [SwapEvent]) throws -> SwapResult {
        guard case .finished(let result) = events.last else {
            throw try #require(failure(events))
        }
        return result
    }

    @Test func aSwapTellsWhatItDoes() throws {
        let events = try change(.languageModel, ["text": .string("Another.")])
        #expect(
            events.first
                == .change(
                    key: "stage.language_model.text", before: nil, after: "\"Another.\""))
        let phases = events.compactMap { event -> SwapPhase? in
            if case .phase(let phase, _, _, _) = event { phase } else { nil }
        }
        #expect(phases == [.construct, .selfTest, .contract])
        let result = try result(events)
        #expect(result.isCommitted && result.isDrained && result.isKept)
        #expect(swapper.generations.map(\.number) == [2, 1])
        #expect(swapper.generations.map(\.state) == [.serving, .kept])
        let served = try run(StoryRequest(prompt: "A fox.", seed: 1))
        #expect(served.text.contains("Another."))
    }

    @Test func whatFailsLeavesAllAsItWas() throws {
        let before = engine.generation
        let orders: [(SwapOrder, SwapPhase, String, String)] = [
            (
                .change(StageChange(.unet, plugin: "nowhere")), .file, "not_found",
                "there are echo"
            ),
            (
                .change(StageChange(.unet, options: ["sample_sise": .integer(4)])), .construct,
                "bad_setting", "did you mean \"sample_size\"?"
            ),
            (
                .change(StageChange(.featureMapper, options: ["width": .integer(48)])), .contract,
                "contract", "voken apply"
            ),
            (.change(StageChange(.textEncoder)), .request, "invalid", "has no text_encoder"),
            (
                .change(StageChange(.unet, weights: "/nowhere")), .request, "no_model",
                "no file or folder /nowhere"
            ),
            (.rollback(to: nil), .request, "not_kept", "no generation is kept"),
            (
                .apply(text: "format = 2", path: "/x.toml", isDryRun: false), .request, "invalid",
                "/x.toml:1"
            ),
        ]
        for (order, phase, code, mentioned) in orders {
            let error = try #require(failure(try perform(order)))
            #expect(error.phase == phase && error.code == code, "\(error)")
            #expect(error.message.contains(mentioned), "\(error)")
            #expect(swapper.lastFailure == error)
            #expect(engine.generation === before && swapper.generations.count == 1)
        }
    }

    /// As diffusers' `from_config` has it.
    @Test func optionsStayAreRememberedAndForgotten() throws {
        func options(_ kind: StageKind) -> [String: SettingValue] {
            swapper.generations[0].stages.first { $0.summary.kind == kind }?.summary.options ?? [:]
        }
        _ = try result(
            change(.scheduler, ["skip_prk_steps": .boolean(true)], plugin: "pndm"))
        #expect(options(.scheduler) == ["skip_prk_steps": .boolean(true)])
        // The other does not know it, and is not asked to.
        _ = try result(change(.scheduler, ["eta": .number(0.5)], plugin: "ddim"))
        #expect(options(.scheduler) == ["eta": .number(0.5)])
        _ = try result(change(.scheduler, plugin: "pndm"))
        #expect(options(.scheduler) == ["skip_prk_steps": .boolean(true)])
        _ = try result(change(.scheduler, fresh: true, plugin: "ddim"))
        #expect(options(.scheduler) == [:])
        // What is asked for now must be known.
        let error = failure(
            try change(.scheduler, ["skip_prk_steps": .boolean(true)], plugin: "ddim"))
        #expect(error?.code == "bad_setting")
    }

    @Test func applyTakesAllOrNothing() throws {
        let text =
            echoText
            .replacing("plugin = \"echo\"\ntext = ", with: "plugin = \"echo\"\n#")
        #expect(try result(apply(echoText)).isCommitted == false, "nothing to change")
        let widths = """
            [stage.feature_mapper]
            plugin = "echo"
            width = 48
            """
        let wide = text.replacing("[stage.feature_mapper]\nplugin = \"echo\"", with: widths)
        #expect(failure(try apply(wide))?.code == "contract")
        #expect(swapper.generations.count == 1)
        #expect(try result(apply(text, isDryRun: true)).isCommitted == false)
        #expect(swapper.generations.count == 1)
        let both = wide.replacing(
            "[stage.unet]\nplugin = \"echo\"",
            with: "[stage.unet]\nplugin = \"echo\"\nconditioning_width = 48")
        let events = try apply(both)
        #expect(try result(events).isCommitted)
        // The stages that are the same are shared.
        let serving = swapper.generations[0]
        let since = Dictionary(
            uniqueKeysWithValues: serving.stages.map { ($0.summary.kind, $0.since) })
        #expect(since[.unet] == 2 && since[.featureMapper] == 2 && since[.vae] == 1)
        #expect(try run(StoryRequest(prompt: "A fox.", seed: 1)).failure == nil)
    }

    private func apply(_ text: String, isDryRun: Bool = false) throws -> [SwapEvent] {
        try perform(.apply(text: text, path: "echo.toml", isDryRun: isDryRun))
    }

    @Test func rollbackGoesBackAndForth() throws {
        _ = try change(.scheduler, plugin: "pndm")
        #expect(try result(perform(.rollback(to: nil))).isCommitted)
        #expect(swapper.generations.map(\.number) == [1, 2])
        #expect(try result(perform(.rollback(to: 2))).isCommitted)
        #expect(swapper.generations.map(\.number) == [2, 1])
        #expect(failure(try perform(.rollback(to: 7)))?.message.contains("there are 1") == true)
        // Numbers are not used twice.
        _ = try perform(.rollback(to: 1))
        _ = try change(.scheduler, plugin: "pndm")
        #expect(swapper.generations.map(\.number) == [3, 1])
    }

    /// A request that runs keeps its generation, is named while it does, and is waited for.
    @Test func requestsEndOnWhatTheyBeganWith() throws {
        let (reached, opened) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let log = EventLog()
        let alone = try run(StoryRequest(prompt: "A fox.", seed: 3))
        _ = try engine.submit(StoryRequest(prompt: "A fox.", seed: 3)) { event in
            log.append(event)
            guard case .step(1, 1, _) = event else { return }
            reached.signal()
            opened.wait()
        }
        try #require(reached.wait(timeout: .now() + 60) == .success)
        let impatient = try result(
            perform(
                .change(StageChange(.scheduler, plugin: "ddim")),
                drain: DrainPolicy(timeout: .milliseconds(20))))
        #expect(impatient.isCommitted && !impatient.isDrained)
        #expect(
            impatient.holders == [
                Holder(
                    job: Engine.jobID(2), generation: 1, position: "image 1, step 1 of 3")
            ])
        for _ in 0..<5 { _ = try change(.vae, fresh: true) }
        let states = Dictionary(
            uniqueKeysWithValues: swapper.generations.map { ($0.number, $0.state) })
        #expect(states == [7: .serving, 6: .kept, 1: .draining])

        let drained = Mutex<SwapResult?>(nil)
        let ended = DispatchSemaphore(value: 0)
        swapper.perform(.rollback(to: nil)) { event in
            if case .finished(let result) = event {
                drained.withLock { $0 = result }
                ended.signal()
            }
        }
        opened.signal()
        try #require(ended.wait(timeout: .now() + 60) == .success)
        #expect(drained.withLock { $0 }?.isDrained == true)
        let events = try log.wait()
        #expect(events.images.map(\.sha256) == alone.images.map(\.sha256))
        // Let go by the thread that keeps the books, in a moment.
        for _ in 0..<500 where swapper.generations.count > 2 { usleep(10_000) }
        #expect(swapper.generations.map(\.number) == [6, 7])
    }

    @Test func whatIsLeftCanBeCancelled() throws {
        let (reached, opened) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let log = EventLog()
        _ = try engine.submit(StoryRequest(prompt: "A fox.")) { event in
            log.append(event)
            guard case .step(1, 1, _) = event else { return }
            reached.signal()
            opened.wait()
        }
        try #require(reached.wait(timeout: .now() + 60) == .success)
        let left = try result(
            perform(
                .change(StageChange(.unet)),
                drain: DrainPolicy(timeout: .milliseconds(1), cancels: true)))
        #expect(!left.isDrained)
        opened.signal()
        #expect(try log.wait().failure?.code == .cancelled)
    }

    /// A request does not make the daemon load what lies at a plugin's path by now.
    @Test func aRequestsOptionsAreForTheCodeThatServes() throws {
        let plugin = FileManager.default.temporaryDirectory.appending(path: "vk-\(UUID())").path
        try FileManager.default.createDirectory(
            atPath: plugin, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(atPath: plugin) }
        let file = plugin + "/mine.so"
        let built = PluginHost.directoryOfProgram() + "/lib"
        try FileManager.default.copyItem(atPath: built + "SchedulerDDIM.so", toPath: file)
        _ = try result(change(.scheduler, plugin: file))
        let code = swapper.generations[0].stages.first { $0.summary.kind == .scheduler }
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.copyItem(atPath: built + "SchedulerPNDM.so", toPath: file)
        let request = StoryRequest(
            prompt: "A fox.", seed: 3, schedulerOptions: ["eta": .number(0.5)])
        let recipe = try #require(run(request).images.first).recipe
        #expect(recipe.first { $0.key == "scheduler" }?.value.hasPrefix("ddim, eta 0.5") == true)
        let sum = try #require(code?.summary.pluginHash.prefix(16))
        #expect(recipe.first { $0.key == "code.scheduler" }?.value.hasSuffix(sum) == true)
    }

    @Test func swapsCanBeForbidden() throws {
        let generation = try echoGeneration(["[limits]": "[swap]\nenabled = false\n\n[limits]"])
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let swapper = Swapper(engine, host: generation.host, options: generation.file.swap)
        let events = try perform(.change(StageChange(.unet)), by: swapper)
        #expect(failure(events)?.code == "disabled")
    }

    private func run(_ request: StoryRequest) throws -> [StoryEvent] {
        let log = EventLog()
        _ = try engine.submit(request) { log.append($0) }
        return try log.wait()
    }
}
