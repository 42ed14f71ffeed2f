import Foundation
import Testing

/// What `voken check` says of memory, and what a daemon does about a limit.
@Suite struct MemoryTests {
    private struct Report: Decodable {
        struct Memory: Decodable {
            struct Stage: Decodable {
                let key: String
                let weights_mapped: Int
                let weights_private: Int
                let activations: Int
                let sequence: Int
                let has_weights: Bool
            }
            let stages: [Stage]
            let activations: Int
            let kernels: Int
            let total: Int
            let least_limit: Int
            let limit: Int?
        }
        let error: String?
        let memory: Memory?
    }

    private func report(_ pipeline: String, _ options: String...) throws -> (Report, Int32) {
        let check = try Program.run("voken", ["check", pipeline, "--json"] + options)
        return (try JSONDecoder().decode(Report.self, from: Data(check.output.utf8)), check.status)
    }

    private func limit(_ text: inout String, to megabytes: Int) {
        text = text.replacing("memory_limit_mb = 0", with: "memory_limit_mb = \(megabytes)")
    }

    /// Folders of configurations alone, as they are before anything is downloaded.
    @Test func theBudgetOfThePublishedModelsIsKnownWithoutThem() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let fixtures = Program.root.appending(path: "Tests/Fixtures")
        for (stage, file) in [
            ("image_encoder", "image-encoder"), ("language_model", "llama-lora"),
            ("feature_mapper", "mapper"), ("unet", "unet"), ("vae", "vae"),
        ] {
            let model = folder.appending(path: "minigpt5/\(stage)")
            try FileManager.default.createDirectory(
                at: model, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: fixtures.appending(path: "full-size/\(file).json"),
                to: model.appending(path: "config.json"))
        }
        try FileManager.default.copyItem(
            at: fixtures.appending(path: "models/llama/tokenizer.model"),
            to: folder.appending(path: "minigpt5/language_model/tokenizer.model"))
        let text = try pipelineText("minigpt5")
            .replacing("\(Program.root.path)/etc/models/minigpt5", with: "minigpt5")
            .replacing(
                "minigpt5/scheduler", with: Program.root.path + "/etc/models/pocket/scheduler")
        let pipeline = folder.appending(path: "pipeline.toml")
        try Data(text.utf8).write(to: pipeline)

        let (sound, status) = try report(pipeline.path, "--budget-only")
        let memory = try #require(sound.memory)
        #expect(status == 0 && sound.error == nil && memory.limit == nil)
        let stages = Dictionary(uniqueKeysWithValues: memory.stages.map { ($0.key, $0) })
        let unet = try #require(stages["stage.unet"])
        #expect(unet.weights_mapped == 865_910_724 * 4 && !unet.has_weights)
        // 3×3 kernels are kept transformed: 16 numbers for 9.
        #expect((3_000_000_000..<4_200_000_000).contains(unet.weights_private))
        #expect((100 << 20..<600 << 20).contains(unet.activations))
        // With 64 adapters of rank 8, as MiniGPT-5's last stage has.
        #expect(
            stages["stage.language_model"]?.weights_mapped
                == (6_738_489_344 + 64 * 2 * 8 * 4096) * 4)
        #expect(memory.kernels >= 16 << 20 && memory.least_limit > memory.kernels)
        // Keys and values of 32 layers, 4096 wide, for 2048 positions.
        #expect(stages["stage.language_model"]?.sequence == 2 << 30)
        #expect((400 << 20..<800 << 20).contains(try #require(stages["stage.vae"]).activations))
        #expect(memory.total > memory.least_limit)
        let check = try Program.run("voken", ["check", pipeline.path, "--budget-only"])
        #expect(check.output.contains("language_model  llama") && check.output.contains("~"))
        // Without that option it goes on, and misses the weights.
        let (lacking, failed) = try report(pipeline.path)
        #expect(failed == 7 && lacking.memory?.total == memory.total)
        #expect(lacking.error?.contains("holds no weights") == true)
    }

    @Test func aDaemonObeysALimitAndTellsTheSame() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let pipeline = folder.appending(path: "pipeline.toml")
        var text = try pipelineText("pocket")
        limit(&text, to: 2)
        try Data(text.utf8).write(to: pipeline)
        let (refused, status) = try report(pipeline.path)
        #expect(status == 7 && refused.error?.contains("memory_limit_mb is 2, but") == true)
        let refusal = try Program.run(
            "vokend", ["--pipeline", pipeline.path, "--socket", folder.path + "/s/voken.sock"])
        #expect(refusal.status == 7 && refusal.errors.contains("memory_limit_mb"))

        let least = try #require(refused.memory).least_limit
        let served = try ServedPipeline("pocket") { limit(&$0, to: least >> 20 + 1) }
        let free = try ServedPipeline("pocket")
        let (told, expected) = (
            try served.story(["--steps", "2"]), try free.story(["--steps", "2"])
        )
        #expect(told.text == expected.text && !told.pictures.isEmpty)
        #expect(told.pictures == expected.pictures)
        #expect(try privateBytes(served) < privateBytes(free))
        #expect(try served.story(["--steps", "2"]).pictures == expected.pictures)
    }

    /// Of the weights that its stages hold.
    private func privateBytes(_ served: ServedPipeline) throws -> Int {
        struct Status: Decodable {
            struct Stage: Decodable { let weights_private: Int }
            let stages: [Stage]
        }
        let status = try served.run(["status", "--json"])
        return try JSONDecoder().decode(Status.self, from: Data(status.output.utf8))
            .stages.reduce(0) { $0 + $1.weights_private }
    }
}
