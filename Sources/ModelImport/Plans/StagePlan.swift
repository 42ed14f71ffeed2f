import Checkpoints
import Stages

/// A stage to be written: what its folder will hold, and where that comes from.
struct StagePlan {
    /// A file that is not weights.
    struct File {
        /// Below the model's folder.
        let path: String
        let contents: [UInt8]
    }

    let kind: StageKind
    /// As a pipeline names it.
    let plugin: String
    /// `config.json`.
    var configuration: [String: SettingValue]
    /// What the pipeline sets for the stage.
    var settings: [String: SettingValue] = [:]
    /// By the names under which the stage asks for them. More than it asks for may be here.
    var tensors: [String: TensorOrigin] = [:]
    var files: [File] = []
    /// Where its tokenizer lies among the files; a stage looks at it to say what it needs.
    var tokenizer: String?
    /// What somebody should know who uses it.
    var notes: [String] = []

    init(_ kind: StageKind, plugin: String, _ configuration: [String: SettingValue]) {
        self.kind = kind
        self.plugin = plugin
        self.configuration = configuration
    }

    /// Its folder in the model's folder.
    var folder: String { kind.rawValue }

    var configurationFile: String { kind.configurationName }

    /// Adds a part's tensors under their own names.
    /// - Throws: for a name that another part has.
    mutating func add(_ part: PublishedPart) throws(ImportError) {
        for (name, origin) in part.origins {
            if let other = tensors.updateValue(origin, forKey: name) {
                throw .refused(
                    "\(other.file.path) and \(origin.file.path) both have \(name); name one of "
                        + "the two")
            }
        }
    }

    /// Adds a file if it exists.
    /// - Returns: whether it does.
    @discardableResult
    mutating func copy(_ source: String, to path: String) throws -> Bool {
        guard FileKind(source) == .file else { return false }
        files.append(File(path: path, contents: try BoundedFile.read(source, limit: 64 << 20)))
        return true
    }
}
