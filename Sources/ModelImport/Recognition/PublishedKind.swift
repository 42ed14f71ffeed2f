public import Stages

/// What published weights are.
public enum PublishedKind: String, Sendable, CaseIterable {
    case unet
    case vae
    case textEncoder = "text_encoder"
    /// With or without vokens and low-rank adapters.
    case llama
    case miniGPT5Stage1 = "minigpt5_stage1"
    case miniGPT5Stage2 = "minigpt5_stage2"
    /// The feature mapper alone, whole.
    case mapper
    /// EVA's vision transformer.
    case eva
    /// BLIP-2's Q-Former and its norm.
    case blip2
    /// MiniGPT-4's projection into the language model.
    case projection
    /// All parts of an image encoder.
    case imageEncoder = "image_encoder"
    /// The numbers of a scheduler, without weights.
    case scheduler

    public var text: String {
        switch self {
        case .unet: "a diffusers UNet"
        case .vae: "a diffusers autoencoder"
        case .textEncoder: "a CLIP text encoder"
        case .llama: "a LLaMA"
        case .miniGPT5Stage1: "a MiniGPT-5 stage-1 checkpoint"
        case .miniGPT5Stage2: "a MiniGPT-5 stage-2 checkpoint"
        case .mapper: "a feature mapper"
        case .eva: "EVA's vision transformer"
        case .blip2: "BLIP-2's Q-Former"
        case .projection: "a MiniGPT-4 projection"
        case .imageEncoder: "an image encoder"
        case .scheduler: "a scheduler's configuration"
        }
    }

    /// The stages that it has something to do with.
    public var stages: [StageKind] {
        switch self {
        case .unet: [.unet]
        case .vae: [.vae]
        case .textEncoder: [.textEncoder]
        case .llama: [.languageModel]
        case .miniGPT5Stage1, .miniGPT5Stage2: [.languageModel, .featureMapper]
        case .mapper: [.featureMapper]
        case .eva, .blip2, .projection, .imageEncoder: [.imageEncoder]
        case .scheduler: [.scheduler]
        }
    }
}
