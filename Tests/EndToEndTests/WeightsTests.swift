import Foundation
import Testing

/// `voken swap … --weights`, with the pocket model.
@Suite struct WeightsTests {
    private let served: ServedPipeline
    private static let model = Program.root.path + "/etc/models/pocket"
    private static let steps = ["--steps", "2"]

    init() throws { served = try ServedPipeline("pocket") }

    @Test func aFolderOrASingleFileTakesThePlaceOfTheWeights() throws {
        let before = try served.story(Self.steps)
        let hash = try served.stage("vae").weightsSha256

        // The same weights at another place: the same pictures.
        let folder = served.folder.path + "/vae"
        try FileManager.default.copyItem(atPath: Self.model + "/vae", toPath: folder)
        try served.mustSwap("swap", "vae", "--weights", folder)
        #expect(try served.stage("vae").weightsSha256 == hash)
        #expect(try served.story(Self.steps).pictures == before.pictures)

        // Other weights, with the configuration of the folder that serves.
        let file = served.folder.path + "/ink.safetensors"
        try otherWeights("vae/diffusion_pytorch_model.safetensors", to: file)
        let swap = try served.swap("swap", "vae", "--weights", file)
        #expect(swap.last.committed == true, "\(swap.result)")
        #expect(swap.changes == ["stage.vae.weights: – → \"\(file)\""])
        let inked = try served.story(Self.steps)
        #expect(inked.pictures != before.pictures && inked.text != "")
        #expect(try served.stage("vae").weightsSha256 != hash)
        try served.restart()
        #expect(try served.story(Self.steps).pictures == inked.pictures)
        // Weights are too large to be kept: without them, the pipeline file serves.
        let away = file + ".away"
        try FileManager.default.moveItem(atPath: file, toPath: away)
        try served.restart()
        #expect(try served.stage("vae").weightsSha256 == hash)
        try FileManager.default.moveItem(atPath: away, toPath: file)
        let log = try served.restart()
        #expect(log.contains("is not restored") && log.contains(file), "\(log)")
        #expect(try served.story(Self.steps).pictures == inked.pictures)

        try served.mustSwap("swap", "vae", "--weights", Self.model + "/vae")
        #expect(try served.story(Self.steps).pictures == before.pictures)
    }

    @Test func weightsThatDoNotFitAreRefused() throws {
        let before = try served.story(Self.steps)
        let cut = served.folder.path + "/cut.safetensors"
        let whole = URL(filePath: Self.model + "/vae/diffusion_pytorch_model.safetensors")
        try Data(contentsOf: whole).dropLast(1000).write(to: URL(filePath: cut))
        let other = served.folder.path + "/mapper.safetensors"
        let mapper = Self.model + "/mapper/model.safetensors"
        try FileManager.default.copyItem(atPath: mapper, toPath: other)
        let cases = [
            (served.folder.path + "/none", "no_model", "/none"),
            (cut, "no_model", "cut.safetensors"),
            // Another stage's, by its tensors' names; with its own configuration beside it, by
            // what is missing there.
            (other, "constructor_threw", "encoder.conv_in.weight"),
            (mapper, "bad_setting", "down_block_types"),
            (Self.model + "/scheduler", "bad_setting", "down_block_types"),
        ]
        for (weights, code, word) in cases {
            let outcome = try served.swap("swap", "vae", "--weights", weights)
            #expect(outcome.last.code == code, "\(weights): \(outcome.result)")
            #expect(outcome.last.message?.contains(word) == true, "\(outcome.result)")
        }
        #expect(try served.status().generation == 1)
        #expect(try served.story(Self.steps).pictures == before.pictures)
    }

    /// The same tensors, some of their numbers with the other sign.
    private func otherWeights(_ name: String, to file: String) throws {
        var bytes = try Data(contentsOf: URL(filePath: Self.model + "/" + name))
        for place in stride(from: bytes.count - 1, to: bytes.count - 40_000, by: -4) {
            bytes[place] ^= 0x80
        }
        try bytes.write(to: URL(filePath: file))
    }
}
