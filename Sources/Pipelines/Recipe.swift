import Checkpoints
import PluginHost
import Tensors

/// The version of the program, as its images' recipes name it.
public let vokenVersion = "0.1.0"

/// All that an image depends on, as it is written into its file. Nothing in it depends on the time
/// or on the machine's paths, so that equal images are equal files.
struct Recipe {
    let entries: [RecipeEntry]

    /// - Parameters:
    ///   - scene: where it is drawn, from 1.
    ///   - image: its number, from 1, over the whole story.
    init(_ order: StoryOrder, scene: Int, image: Int) {
        let file = order.generation.file
        var entries: [RecipeEntry] = []
        func add(_ key: String, _ value: String) {
            entries.append(RecipeEntry(key: key, value: value))
        }
        add("voken", vokenVersion)
        add("pipeline", file.name)
        let sources = order.sources
        if let sum = sources.text { add("prompt_sha256", sum) }
        // Files with too many chunks of text are refused, here too when they come back.
        if sources.pictures.count <= 16 {
            for (index, sum) in sources.pictures.enumerated() {
                add("picture_\(index + 1)_sha256", sum)
            }
        } else {
            add("pictures_sha256", Self.sum(of: sources.pictures))
        }
        if !sources.later.isEmpty { add("later_turns_sha256", Self.sum(of: sources.later)) }
        add("scene", String(scene))
        add("seed", String(order.seeds.seed))
        add("image", String(image))
        add("image_seed", String(order.seeds.image(image)))
        let drawing = order.drawing
        add("steps", String(drawing.steps))
        add("scheduler", drawing.scheduler.recipe)
        add("guidance", drawing.guidance.recipe)
        if let shortcuts = drawing.shortcuts.recipe(drawing.guidance) { add("inexact", shortcuts) }
        add("language", file.language.recipe + (file.engine.faithful ? ", faithful" : ""))
        add("arithmetic", arithmeticName)
        let scheduler = drawing.scheduler.loaded
        add("code.scheduler", Self.code(scheduler.descriptor.version, scheduler.plugin.sha256))
        for stage in order.generation.stages where stage.kind != .scheduler {
            if let hash = stage.weightsHash { add("weights.\(stage.kind.rawValue)", hash) }
            add("code.\(stage.kind.rawValue)", Self.code(stage.version, stage.pluginHash))
            // Approximate: a picture that has it cannot be had without it.
            if stage.kind == .vae, let tile = stage.options["tile"], tile != .integer(0) {
                add("tile", tile.recipe)
            }
        }
        self.entries = entries
    }

    private static func sum(of lines: [String]) -> String {
        SHA256.hash(Array(lines.joined(separator: "\n").utf8))
    }

    /// Two builds of one version differ in their sums: after a swap, that tells them apart.
    private static func code(_ version: String, _ sha256: String) -> String {
        "\(version) \(sha256.prefix(16))"
    }

    /// A scheduler's name in our own dialect, and the options that it does not say: those of its
    /// model folder, and over them the pipeline's. However a scheduler was named, equal ones have
    /// equal recipes.
    static func scheduler(_ loaded: LoadedStage) -> String {
        var options = loaded.options
        if let file = loaded.model?.configuration {
            for key in file.keys where options[key] == nil && !key.hasPrefix("_") {
                options[key] = file.values[key]
            }
        }
        let name = loaded.canonicalName
        let said = SchedulerName.said(by: loaded.optionsInForce)
        return
            ([name]
            + options.filter { !said.contains($0.key) }.sorted { $0.key < $1.key }
            .map { "\($0.key) \($0.value.recipe)" })
            .joined(separator: ", ")
    }
}

extension LoadedStage {
    /// The options that it has read, of its table and of its model folder.
    var optionsInForce: [String: SettingValue] {
        guard let file = model?.configuration else { return options }
        let read = file.readKeys
        return file.values.filter { read.contains($0.key) }
            .merging(options) { _, own in own }
    }

    /// How a scheduler is named in our own dialect: see ``SchedulerName``.
    var canonicalName: String {
        SchedulerName.canonical(stage: descriptor.name, options: optionsInForce)
    }
}

extension LanguageOptions {
    /// What decides the text besides weights and seed.
    var recipe: String {
        "task \(task.rawValue), prompts \(prompts.rawValue), beginning \(beginning.rawValue), "
            + "temperature \(sampling.temperature), top_k \(sampling.topK), "
            + "top_p \(sampling.topP), repetition_penalty \(sampling.repetitionPenalty), "
            + "max_new_tokens \(maxNewTokens)" + (forceGeneration ? ", force_generation" : "")
    }
}

extension SettingValue {
    /// The value on one line, tables by sorted keys.
    var recipe: String {
        switch self {
        case .string(let string): string
        case .integer(let integer): String(integer)
        case .number(let number): String(number)
        case .boolean(let boolean): String(boolean)
        case .array(let elements): "[" + elements.map(\.recipe).joined(separator: ", ") + "]"
        case .table(let values):
            "{"
                + values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.recipe)" }
                .joined(separator: ", ") + "}"
        case .null: "null"
        }
    }
}
