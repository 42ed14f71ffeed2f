import Checkpoints
import Layers
import Stages

/// Puts the parts of all sources together to stages.
struct StageAssembly {
    private(set) var plans: [StagePlan] = []
    /// See ``TableFingerprint``.
    private(set) var fingerprint: String?

    private let parts: [PublishedPart]
    private let wanted: Set<StageKind>
    private let mergesAdapters: Bool

    /// - Parameters:
    ///   - wanted: empty for all that the sources have.
    ///   - type: of the language model's weights, which adapters may have to be merged into.
    init(
        _ parts: [PublishedPart], wanted: Set<StageKind>, adapters type: WeightType
    ) throws {
        self.parts = parts
        self.wanted = wanted
        mergesAdapters = type.isQuantised
        try requireEachOnce()
        try requireWanted()
        try addImageEncoder()
        try addLanguageModel()
        try addMapper()
        try addDiffusion()
        try requireWidths()
    }

    private func part(_ kind: PublishedKind) -> PublishedPart? { parts.first { $0.kind == kind } }

    private func isWanted(_ kind: StageKind) -> Bool { wanted.isEmpty || wanted.contains(kind) }

    private func requireEachOnce() throws(ImportError) {
        for kind in PublishedKind.allCases {
            let same = parts.filter { $0.kind == kind }
            guard same.count > 1 else { continue }
            let paths = same.map(\.path).joined(separator: " and ")
            guard kind != .miniGPT5Stage2 else {
                throw .refused(
                    "\(paths) are both stage-2 checkpoints of MiniGPT-5; one of the two must be "
                        + "stage 1's (stage1_cc3m.ckpt), which has fc and t2i_decoder_prompt")
            }
            throw .refused("\(paths) are both \(kind.text); name one of them")
        }
    }

    private func requireWanted() throws(ImportError) {
        for kind in StageKind.allCases where wanted.contains(kind) {
            guard !parts.contains(where: { $0.kind.stages.contains(kind) }) else { continue }
            let found = parts.map(\.text).joined(separator: ", ")
            throw .refused("no source has anything for the stage \(kind.rawValue): \(found)")
        }
    }

    private mutating func addImageEncoder() throws {
        let kinds: [PublishedKind] = [.eva, .blip2, .projection, .imageEncoder]
        let own = parts.filter { kinds.contains($0.kind) }
        guard isWanted(.imageEncoder), !own.isEmpty else { return }
        var width: Int?
        if case .integer(let found)? = part(.llama)?.configuration?["hidden_size"] { width = found }
        plans.append(try .imageEncoder(own, languageWidth: width))
    }

    private mutating func addLanguageModel() throws {
        let (stage1, stage2) = (part(.miniGPT5Stage1), part(.miniGPT5Stage2))
        guard isWanted(.languageModel), let last = stage2 ?? stage1 ?? part(.llama) else { return }
        guard let base = part(.llama) else {
            throw ImportError.refused(
                "\(last.text) changes a language model that is not among the sources: name the base "
                    + "too (the folder of Vicuna-7B v0)"
                    + (wanted.isEmpty && stage1 != nil
                        ? ", or take the mapper alone with --stage feature_mapper" : ""))
        }
        let plan = try StagePlan.languageModel(
            base, checkpoint: stage2 ?? stage1, mergesAdapters: mergesAdapters)
        // Stage 2 was checked; stage 1, whose mapper goes with it, must have had the same base.
        if let stage1, stage2 != nil {
            _ = try StagePlan.languageModel(base, checkpoint: stage1, mergesAdapters: false)
        }
        if let rows = plan.pieces {
            let plain = try StagePlan.languageModel(base, checkpoint: nil, mergesAdapters: false)
            if let table = plain.tensors["model.embed_tokens.weight"] {
                fingerprint = try TableFingerprint.of(table, rows: rows)
            }
        }
        plans.append(plan)
    }

    private mutating func addMapper() throws {
        let (whole, stage1, stage2) = (
            part(.mapper), part(.miniGPT5Stage1), part(.miniGPT5Stage2)
        )
        guard isWanted(.featureMapper), whole != nil || stage1 != nil || stage2 != nil else {
            return
        }
        if let whole, let other = stage1 ?? stage2 {
            throw ImportError.refused(
                "\(whole.path) is a whole feature mapper, and \(other.path) has one too; name one "
                    + "of them")
        }
        if let stage2, stage1 == nil {
            throw ImportError.refused(
                "\(stage2.text) has no fc and no t2i_decoder_prompt, which were frozen in stage 2: "
                    + "name stage 1's checkpoint too (stage1_cc3m.ckpt)")
        }
        plans.append(try .mapper(whole: whole, stage1: stage1, stage2: stage2))
    }

    private mutating func addDiffusion() throws {
        if isWanted(.unet), let unet = part(.unet) {
            plans.append(try .published(unet, .unet, plugin: "stable_diffusion_unet"))
        }
        if isWanted(.vae), let vae = part(.vae) {
            plans.append(try .published(vae, .vae, plugin: "autoencoder_kl"))
        }
        if isWanted(.scheduler), let scheduler = part(.scheduler) {
            plans.append(try .scheduler(scheduler))
        }
        if isWanted(.textEncoder), let encoder = part(.textEncoder) {
            plans.append(try .textEncoder(encoder))
        }
    }

    /// Stages that do not fit each other are refused before anything is written.
    private func requireWidths() throws(ImportError) {
        func size(_ kind: StageKind, _ key: String) -> Int? {
            guard let plan = plans.first(where: { $0.kind == kind }),
                case .integer(let size)? = plan.configuration[key]
            else { return nil }
            return size
        }
        let pairs = [
            (StageKind.languageModel, "hidden_size", StageKind.featureMapper, "input_dim"),
            (.imageEncoder, "projection_dim", .languageModel, "hidden_size"),
            (.featureMapper, "d_model", .unet, "cross_attention_dim"),
            (.unet, "in_channels", .vae, "latent_channels"),
        ]
        for (left, leftKey, right, rightKey) in pairs {
            guard let a = size(left, leftKey), let b = size(right, rightKey), a != b else {
                continue
            }
            throw .refused(
                "these stages do not belong together: \(left.rawValue) has \(leftKey) \(a), "
                    + "\(right.rawValue) has \(rightKey) \(b)")
        }
    }
}
