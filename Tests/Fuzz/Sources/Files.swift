import CFuzzer
import Checkpoints
import Glibc

/// Files that targets need beside their input.
enum Files {
    /// From the top of the tree, where this program is started: inputs name it.
    static let pipelinePath = "etc/pipelines/fuzz.toml"

    /// Every stage from a model folder that is there.
    static let pipelineText = """
        format = 1
        name = "fuzz"
        plugin_dirs = ["."]
        [defaults]
        scenes = 2
        seed = "random"
        [limits]
        scenes = 4
        [swap]
        keep_generations = 2
        [stage.image_encoder]
        plugin = "a"
        [stage.language_model]
        plugin = "b"
        model = "../models/pocket/language_model"
        [stage.feature_mapper]
        plugin = "c"
        [stage.unet]
        plugin = "d"
        sizes = [1, 2.5, { x = "y" }]
        [stage.vae]
        plugin = "./e.so"
        [stage.scheduler]
        plugin = "ddim"
        [scheduler.pndm]
        plugin = "pndm"
        steps = 3

        """

    /// A path at which bytes can be opened as a regular file that nobody else sees.
    static func path(holding bytes: [UInt8]) -> String {
        let descriptor = unsafe voken_memory_file(bytes, bytes.count)
        if descriptor < 0 { finding("cannot write \(bytes.count) bytes to memory") }
        return "/proc/self/fd/\(descriptor)"
    }

    /// A folder of this process, of its own for each name.
    static func folder(_ name: String) -> String {
        let temporary = environment("TMPDIR")
        let path = "\(temporary.isEmpty ? "/tmp" : temporary)/\(name)-\(getpid())"
        unsafe mkdir(path, 0o700)
        return path
    }

    /// The whole of a file that is part of the tree.
    static func contents(_ path: String) throws -> [UInt8] {
        try BoundedFile.read(path, limit: 1 << 20)
    }
}

/// What the environment says, or nothing.
func environment(_ name: String) -> String {
    guard let value = unsafe getenv(name) else { return "" }
    return unsafe String(cString: value)
}
