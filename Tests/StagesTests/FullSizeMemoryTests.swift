import Checkpoints
import Foundation
import Stages
import Tensors
import TestSupport
import Testing

/// What the steps of the published models take of memory, by dry runs: nothing is computed.
@Suite struct FullSizeMemoryTests {
    private func stage<Kind>(
        _ kind: StageKind, _ name: String, _ file: String,
        _ settings: [String: SettingValue] = [:]
    ) throws -> Kind {
        let bytes = try Data(contentsOf: fixture("full-size/\(file).json"))
        guard case .table(let members) = try JSON.parse([UInt8](bytes)) else {
            throw CocoaError(.fileReadCorruptFile)
        }
        let (folder, _) = ModelFolder.recording(configuration: Settings(members))
        return try DryRun.perform { try loadStage(kind, name, folder, settings) }
    }

    @Test func aVAENeedsFewTensorsOfFullResolution() throws {
        let vae: any VAE = try stage(.vae, "autoencoder_kl", "vae")
        let plan = StepPlan { _ = vae.decode(Tensor(shapeOnly: [1, 64, 64, 4])) }
        // Five of 512×512×128, as the first resnet of that size has: 256 channels come, and go.
        #expect(plan.peak < (5 * 128 + 1) << 20)
        #expect(plan.byteCount < plan.peak * 11 / 10)
        let tiled: any VAE = try stage(.vae, "autoencoder_kl", "vae", ["tile": .integer(64)])
        let large = Tensor(shapeOnly: [1, 128, 128, 4])
        let squares = StepPlan { _ = tiled.decode(large) }
        #expect(squares.peak < plan.peak + (64 << 20))
        #expect(StepPlan { _ = vae.decode(large) }.peak > 3 * plan.peak)
    }

    @Test func aUNetStepOfAPair() throws {
        let unet: any UNet = try stage(.unet, "stable_diffusion_unet", "unet")
        let plan = StepPlan {
            _ = unet.predict(
                Tensor(shapeOnly: [2, 64, 64, 4]), timesteps: [500, 500],
                conditioning: Tensor(shapeOnly: [2, 77, 1024]))
        }
        #expect((100 << 20..<200 << 20).contains(plan.peak))
        #expect(plan.byteCount < plan.peak * 5 / 4)
    }

    @Test func aPrompt() throws {
        let model: any LanguageModel = try stage(
            .languageModel, "llama", "llama", ["tokenizer": FullSizeTests.tokenizer])
        let plan = StepPlan {
            _ = model.forward(Tensor(shapeOnly: [64, 4096]), state: model.makeState())
        }
        #expect((4 << 20..<16 << 20).contains(plan.byteCount))
        let encoder: any ImageEncoder = try stage(
            .imageEncoder, "eva_qformer", "image-encoder")
        let picture = StepPlan { _ = encoder.encode(Tensor(shapeOnly: [1, 224, 224, 3])) }
        #expect((4 << 20..<16 << 20).contains(picture.byteCount))
    }
}
