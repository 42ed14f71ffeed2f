public import Stages

/// A Swift package with one stage, which an author of stages starts from: it builds, passes its
/// tests and loads into a daemon as it is.
public struct PluginTemplate: Sendable {
    /// One file of the package.
    public struct File: Sendable {
        /// Relative to the package's folder.
        public let path: String
        public let text: String
    }

    public let kind: StageKind
    public let name: PluginName
    private let kit: String

    /// - Parameter kit: the folder of Kit's package, an absolute path.
    public init(_ kind: StageKind, name: PluginName, kit: String) {
        self.kind = kind
        self.name = name
        self.kit = kit
    }

    public var files: [File] {
        let module = name.module
        let stage = StageTemplate(kind, name)
        return [
            File(path: "Package.swift", text: manifest(name, kit: kit)),
            File(path: "README.md", text: readme(self)),
            File(path: ".gitignore", text: ".build/\n"),
            File(path: "Sources/\(module)/Plugin.swift", text: entryPoint(name, type: stage.type)),
            File(path: "Sources/\(module)/\(stage.type).swift", text: stage.source),
            File(path: "Tests/\(module)Tests/\(stage.type)Tests.swift", text: stage.test),
        ]
    }

    /// What builds the plugin, in the package's folder.
    public static let build = "swift build -c release"

    /// What runs the package's tests.
    public static let test = "swift test"

    /// What replaces the daemon's stage of that kind by this one.
    public var swap: String { "voken swap \(kind.rawValue) \(plugin)" }

    /// What does so whenever the plugin is built again.
    public var watch: String { "voken watch \(kind.rawValue) \(plugin)" }

    /// The plugin's file, once it is built.
    public var plugin: String { ".build/release/lib\(name.text).so" }
}

/// The Swift text of one kind of stage.
struct StageTemplate {
    /// The name of the stage's type. Its ending keeps it apart from the module's name, which
    /// would hide it, and from the protocol's.
    let type: String
    let source: String
    let test: String
}

extension StageTemplate {
    init(_ kind: StageKind, _ name: PluginName) {
        switch kind {
        case .imageEncoder: self = .imageEncoder(name)
        case .languageModel: self = .languageModel(name)
        case .featureMapper: self = .featureMapper(name)
        case .unet: self = .unet(name)
        case .vae: self = .vae(name)
        case .scheduler: self = .scheduler(name)
        case .textEncoder: self = .textEncoder(name)
        }
    }
}
