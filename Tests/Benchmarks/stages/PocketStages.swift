import Checkpoints
import Foundation
import PluginHost
import Stages
import Tensors

/// The stages of the pocket model, loaded as a daemon loads them, and calls of their sizes.
struct PocketStages {
    struct Case {
        let name: String
        let run: () -> Void
    }

    let loadSeconds: Double
    let cases: [Case]
    /// One step of decoding: a token in, logits out.
    let token: () -> Void
    let batches: [Batches]

    init(programs: String, models: String) throws {
        let state = FileManager.default.temporaryDirectory
            .appending(path: "voken-bench-state-\(getuid())").path
        let host = try PluginHost(.init(directories: [programs], stateDirectory: state))
        func load<Kind>(_ kind: StageKind, _ name: String, _ folder: String) throws -> Kind {
            let context = StageContext(model: try ModelFolder.open(models + "/" + folder))
            guard let stage = try host.load(StageOrder(kind, plugin: name, context)).stage as? Kind
            else {
                throw Unexpected(name: name)
            }
            return stage
        }
        let start = ContinuousClock.now
        let encoder: any ImageEncoder = try load(.imageEncoder, "eva_qformer", "image_encoder")
        let llama: any LanguageModel = try load(.languageModel, "llama", "language_model")
        let mapper: any FeatureMapper = try load(.featureMapper, "voken_mapper", "mapper")
        let unet: any UNet = try load(.unet, "stable_diffusion_unet", "unet")
        let vae: any VAE = try load(.vae, "autoencoder_kl", "vae")
        loadSeconds = (ContinuousClock.now - start) / .seconds(1)

        var generator = TorchGenerator(seed: 1)
        let picture = Tensor([1, encoder.imageSize, encoder.imageSize, 3], repeating: 0.5)
        let voken = generator.normal([1, mapper.vokens, mapper.inputWidth])
        let side = unet.sampleSize
        let latents = generator.normal([2, side, side, unet.latentChannels])
        let conditioning = generator.normal([2, mapper.length, unet.conditioningWidth])
        let latent = generator.normal([1, side, side, vae.latentChannels])
        let prompt = llama.embed((0..<128).map { 300 + $0 })
        let one = llama.embed([300])
        let state128 = llama.makeState()
        _ = llama.forward(prompt, state: state128)

        batches = [
            .unet("UNet", side: side) { unet },
            .unet("UNet of (320, 640), 32x32", side: 32) {
                try Self.wider(host, models + "/unet")
            },
            .decoding(
                "decoding", width: 192, feedForward: 512, heads: 6, layers: 5, vocabulary: 1033,
                .float16),
            .decoding(
                "decoding, 2 layers of 7B, bf16", width: 4096, feedForward: 11008, heads: 32,
                layers: 2, vocabulary: 8000, .bfloat16),
        ]
        cases = [
            Case(name: "image encoder, one picture") { _ = encoder.encode(picture) },
            Case(name: "language model, 128 positions of prompt") {
                _ = llama.forward(prompt, state: llama.makeState())
            },
            Case(name: "mapper, one image") { _ = mapper.map(voken) },
            Case(name: "UNet, one step with guidance (batch 2)") {
                _ = unet.predict(latents, timesteps: [500, 500], conditioning: conditioning)
            },
            Case(name: "VAE, decoding one picture") { _ = vae.decode(latent) },
        ]
        token = {
            _ = llama.logits(llama.forward(one, state: state128))
            state128.truncate(to: 128)
        }
    }

    /// The pocket model's UNet with five times the channels and random weights.
    private static func wider(_ host: PluginHost, _ model: String) throws -> any UNet {
        guard
            case .table(var members) = try JSON.parse(
                [UInt8](Data(contentsOf: URL(filePath: model + "/config.json"))))
        else { throw Unexpected(name: model) }
        members["block_out_channels"] = .array([.integer(320), .integer(640)])
        members["norm_num_groups"] = .integer(32)
        let (recording, recorder) = ModelFolder.recording(configuration: Settings(members))
        let plugin = "stable_diffusion_unet"
        _ = try host.load(StageOrder(.unet, plugin: plugin, StageContext(model: recording)))
        var generator = TorchGenerator(seed: 1)
        let tensors = recorder.parameters.map { name, shape, _ in
            (name, Weight(generator.normal(shape).scaled(by: 0.02), format: .float16))
        }
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "voken-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(SettingValue.table(members).json.utf8)
            .write(to: folder.appending(path: "config.json"))
        try Safetensors.write(tensors, to: folder.path + "/model.safetensors")
        let context = StageContext(model: try ModelFolder.open(folder.path))
        guard
            let unet = try host.load(StageOrder(.unet, plugin: plugin, context)).stage as? any UNet
        else { throw Unexpected(name: plugin) }
        return unet
    }
}

struct Unexpected: Error {
    let name: String
}
