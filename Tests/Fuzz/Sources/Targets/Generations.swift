import Checkpoints
import Glibc
import PluginHost

@testable import Pipelines

extension Target {
    /// The file that a restart reads: it is served, superseded or refused, whatever it holds.
    static let generationStore = Target(
        "generation-store", longest: 8192, heap: HeapBound(each: 4000, fixed: 2 << 20),
        seeds: { [Array(storedGeneration.utf8)] }
    ) { bytes in
        let file = unsafe open(store.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        expect(unsafe write(file, bytes, bytes.count) == bytes.count, "cannot write \(store.path)")
        close(file)
        switch store.restore(host: host) {
        case .generation: finding("a generation was loaded without a plugin")
        case .superseded(let reason), .refused(let reason):
            expect(!reason.isEmpty, "refused without a reason")
        case .nothing: finding("\(store.path) is not seen")
        }
    }

    private static let store = kept {
        try GenerationStore(
            folder: Files.folder("generations"),
            startFile: PipelineFile(text: Files.pipelineText, path: Files.pipelinePath))
    }

    /// Without plugin directories: reading is tested, not loading.
    private static let host = kept {
        try PluginHost(
            PluginHost.Configuration(directories: [], stateDirectory: Files.folder("plugins")))
    }

    /// As ``GenerationStore`` writes it, after two swaps.
    private static let storedGeneration = """
        format = 1
        generation = 3
        last_number = 4
        started_with = { path = "\(Files.pipelinePath)", sha256 = "\(startHash)" }
        pipeline.path = "\(Files.pipelinePath)"
        pipeline.text = \(SettingValue.string(Files.pipelineText).toml)
        stage = { scheduler = { options = { eta = 0.5 }, plugin = "x", remembered = ["eta"] } }
        code = { vae = "\(String(repeating: "0", count: 64))" }

        """
    private static let startHash = SHA256.hash(Array(Files.pipelineText.utf8))
}
