import Checkpoints
import Stages

// The stages that a diffusers pipeline's folder has, each as it is.
extension StagePlan {
    /// A UNet or an autoencoder.
    static func published(
        _ part: PublishedPart, _ kind: StageKind, plugin: String
    ) throws -> StagePlan {
        let configuration = try part.requireConfiguration()
        try requireClass(part, configuration)
        var plan = StagePlan(kind, plugin: plugin, configuration)
        try plan.add(part)
        return plan
    }

    /// A text tower and its tokenizer, which lies in a folder beside it or in the same.
    static func textEncoder(_ part: PublishedPart) throws -> StagePlan {
        var plan = try published(part, .textEncoder, plugin: "clip_text")
        let candidates = [part.folder + "/../tokenizer", part.folder]
        guard let folder = candidates.first(where: { FileKind($0 + "/vocab.json") == .file }) else {
            throw ImportError.refused(
                "\(part.path) has no tokenizer: expected vocab.json and merges.txt in the folder "
                    + "tokenizer beside it")
        }
        for name in [
            "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json",
        ] { try plan.copy("\(folder)/\(name)", to: "tokenizer/\(name)") }
        plan.tokenizer = "tokenizer"
        return plan
    }

    static func scheduler(_ part: PublishedPart) throws -> StagePlan {
        let configuration = try part.requireConfiguration()
        guard case .string(let name)? = configuration["_class_name"] else {
            throw ImportError.refused(
                "\(part.path)/scheduler_config.json has no _class_name, so which scheduler it is "
                    + "for is not known")
        }
        return StagePlan(.scheduler, plugin: name, configuration)
    }

    /// A configuration that is another model's means that folders were mixed up.
    private static func requireClass(
        _ part: PublishedPart, _ configuration: [String: SettingValue]
    ) throws(ImportError) {
        let expected: [PublishedKind: String] = [
            .unet: "UNet2DConditionModel", .vae: "AutoencoderKL",
        ]
        guard case .string(let found)? = configuration["_class_name"],
            let wanted = expected[part.kind], found != wanted
        else { return }
        throw .refused(
            "\(part.path) holds the tensors of \(part.kind.text), but its config.json is a "
                + "\(found)'s: the files of two folders were mixed up")
    }
}
