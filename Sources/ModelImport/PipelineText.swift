import Checkpoints
import Stages

/// A pipeline file that names the stages of a model, to lie in the model's folder.
struct PipelineText {
    let name: String
    let plans: [StagePlan]
    /// Of MiniGPT-5's training: a checkpoint of stage 1 alone illustrates captions.
    let isCaptionModel: Bool
    static let fileName = "pipeline.toml"

    var text: String {
        var text = """
            # Made by voken import. Keys are explained in etc/pipelines/pocket.toml.

            format = 1
            name = \(JSON.quoted(name))


            """
        text += isTextOnly ? textOnlyLanguage : language
        for kind in StageKind.allCases { text += stage(kind) }
        return text
    }

    /// What a pipeline needs and the model does not have.
    var missing: [StageKind] {
        guard !isTextOnly else { return [] }
        return StageKind.allCases.filter { kind in
            kind != .textEncoder && !plans.contains { $0.kind == kind }
        }
    }

    private var isTextOnly: Bool { plan(.languageModel)?.settings["text_only"] == true }

    private func plan(_ kind: StageKind) -> StagePlan? { plans.first { $0.kind == kind } }

    private var language: String {
        """
        [defaults]
        steps = 50
        guidance = 7.5

        [language]
        task = \(isCaptionModel ? "\"caption\"" : "\"story\"")    # "story" for stage2_vist, "dialogue" for stage2_mmdialog, "caption" for stage1_cc3m
        prompts = "as-trained-2023"    # "head" for stage2_mmdialog

        """
    }

    private var textOnlyLanguage: String {
        """
        [defaults]
        scenes = 2    # the prompt is the first turn, the answer the second
        steps = 1

        [language]
        # A plain language model: it answers, and never draws.
        task = "dialogue"
        repetition_penalty = 1.1

        """
    }

    private func stage(_ kind: StageKind) -> String {
        let table = "\n[stage.\(kind.rawValue)]\n"
        guard let plan = plan(kind) else {
            if isTextOnly { return standIn(kind).map { table + $0 } ?? "" }
            guard kind != .textEncoder else { return "" }
            return "\n# A pipeline needs this stage too:\n# [stage.\(kind.rawValue)]\n"
                + "# plugin = …\n# model = …\n"
        }
        var text = table + "plugin = \(JSON.quoted(plan.plugin))\n"
        text += "model = \(JSON.quoted(plan.folder))\n"
        for (key, value) in plan.settings.sorted(by: { $0.key < $1.key }) {
            text += "\(key) = \(value.literal)\n"
        }
        return text
    }

    /// Of a model that tells text alone the other stages are never asked for anything; the smallest
    /// there are take their places.
    private func standIn(_ kind: StageKind) -> String? {
        var width = 0
        if case .integer(let found)? = plan(.languageModel)?.configuration["hidden_size"] {
            width = found
        }
        let echo = "plugin = \"echo\"    # never asked\n"
        return switch kind {
        case .imageEncoder: echo + "width = \(width)\n"
        case .featureMapper: echo + "input_width = \(width)\n"
        case .unet, .vae, .scheduler: echo
        case .languageModel, .textEncoder: nil
        }
    }
}
