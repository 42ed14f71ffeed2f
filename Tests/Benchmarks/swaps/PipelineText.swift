import BenchmarkSupport
import Glibc

/// A pipeline file of the pocket model, to be changed.
struct PipelineText {
    /// The keys of a stage's table, as TOML writes their values.
    typealias Table = [String: String]

    /// By kind.
    var stages: [String: Table]
    var defaults: Table = ["scenes": "1", "steps": "4", "guidance": "3.0", "seed": "1"]
    var swap: Table = [:]

    init(_ bench: Workbench) {
        func stage(_ plugin: String, _ model: String) -> Table {
            ["plugin": quoted(plugin), "model": quoted(bench.model(model))]
        }
        stages = [
            "image_encoder": stage("eva_qformer", "image_encoder"),
            "language_model": stage("llama", "language_model"),
            "feature_mapper": stage("voken_mapper", "mapper"),
            "unet": stage("stable_diffusion_unet", "unet"),
            "vae": stage("autoencoder_kl", "vae"),
            "text_encoder": stage("clip_text", "text_encoder"),
            "scheduler": stage("ddim", "scheduler"),
        ]
    }

    var text: String {
        let language = [
            "repetition_penalty": "1.0", "max_new_tokens": "64", "force_generation": "true",
        ]
        var text = "format = 1\nname = \"swaps\"\n"
        text += table("defaults", defaults) + table("language", language) + table("swap", swap)
        for (kind, keys) in stages.sorted(by: { $0.key < $1.key }) {
            text += table("stage.\(kind)", keys)
        }
        return text
    }

    private func table(_ name: String, _ keys: Table) -> String {
        "[\(name)]\n" + keys.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
    }
}

/// A TOML string of a text without quotes and control characters.
func quoted(_ text: String) -> String { "\"\(text)\"" }

extension DaemonProcess {
    convenience init(_ bench: Workbench, _ pipeline: PipelineText, user: uid_t? = nil) throws {
        try self.init(bench, pipeline: pipeline.text, user: user)
    }
}
