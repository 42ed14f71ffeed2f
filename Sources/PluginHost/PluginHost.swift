public import Stages
import Synchronization

/// Finds plugins, loads them and makes their stages.
///
/// A name in a pipeline file is a stage's own name (`llama`, `ddim`) or, with a slash in it, the
/// path of a plugin's file. Names are known only once a plugin is loaded, so a name that is not
/// known yet is searched for in the plugin directories: first in files that are called much the
/// same (`ddim` in `libSchedulerDDIM.so`), then in all others. A plugin directory is trusted;
/// what would be harmful to load does not belong in it.
///
/// A file is loaded again only when it has changed. What was made from an older image of it lives
/// on beside the new one.
public final class PluginHost: Sendable {
    public struct Configuration: Sendable {
        /// Searched in this order.
        public var directories: [String]
        /// For the private copies; created if it is missing, with nobody else let in.
        public var stateDirectory: String
        /// Checks every file in a child process before it is loaded here.
        public var probe: Probe?

        public init(directories: [String], stateDirectory: String, probe: Probe? = nil) {
            self.directories = directories
            self.stateDirectory = stateDirectory
            self.probe = probe
        }
    }

    private struct Entry {
        let identity: FileIdentity
        let image: PluginImage
    }

    private let configuration: Configuration
    private let state: StateDirectory
    /// The newest image of each file, by resolved path.
    private let images = Mutex<[String: Entry]>([:])

    public init(_ configuration: Configuration) throws(PluginError) {
        self.configuration = configuration
        state = try StateDirectory(path: configuration.stateDirectory)
    }

    /// The directory of the running program, where SwiftPM puts plugins beside programs.
    public static func directoryOfProgram() -> String {
        guard let program = resolve("/proc/self/exe"), let slash = program.lastIndex(of: "/") else {
            return "."
        }
        return String(program[..<slash])
    }

    /// Finds a stage, loads its plugin and constructs it.
    /// - Parameters:
    ///   - name: a stage's name, or the path of a plugin's file, which must then offer just one
    ///     stage of that kind.
    ///   - context: its settings must all be known to the stage.
    public func load(
        _ kind: StageKind, named name: String, _ context: StageContext
    ) throws(PluginError) -> LoadedStage {
        if name.contains("/") {
            let image = try image(ofFile: name)
            return try LoadedStage(image.requireStage(kind), of: image, context)
        }
        let (image, stage) = try find(kind, named: name)
        return try LoadedStage(stage, of: image, context)
    }

    /// Loads every plugin of the plugin directories.
    /// - Returns: the images, and why the other files are none.
    public func loadAll() -> (images: [PluginImage], refused: [PluginError]) {
        var images: [PluginImage] = []
        var refused: [PluginError] = []
        for file in files() {
            do { images.append(try image(ofFile: file)) } catch { refused.append(error) }
        }
        return (images, refused)
    }

    /// The newest image of a plugin's file; loads it if there is none or the file has changed.
    public func image(ofFile path: String) throws(PluginError) -> PluginImage {
        let file = try PluginFile(path: path)
        if let entry = images.withLock({ $0[file.path] }), entry.identity == file.identity {
            return entry.image
        }
        let image = try loadFresh(file)
        images.withLock { $0[file.path] = Entry(identity: file.identity, image: image) }
        return image
    }

    /// Loads a file once more, whether or not it is loaded already: code, types and globals of the
    /// new image are its own.
    public func loadFreshImage(ofFile path: String) throws(PluginError) -> PluginImage {
        try loadFresh(PluginFile(path: path))
    }

    private func loadFresh(_ file: PluginFile) throws(PluginError) -> PluginImage {
        let name = file.path.split(separator: "/").last.map(String.init) ?? "plugin.so"
        let copy = try state.copy(file.bytes, named: name)
        try configuration.probe?.check(copy, of: file.path)
        return try PluginImage(file, copy: copy)
    }

    /// The stage of the first plugin in the plugin directories that offers it.
    private func find(
        _ kind: StageKind, named name: String
    ) throws(PluginError) -> (PluginImage, any Stage.Type) {
        var seen: [PluginImage] = []
        var refused: [PluginError] = []
        for file in files(likely: name) {
            do {
                let image = try image(ofFile: file)
                if let stage = image.stage(kind, named: name) { return (image, stage) }
                seen.append(image)
            } catch {
                refused.append(error)
            }
        }
        let directories = configuration.directories.joined(separator: ", ")
        var message = "no plugin in \(directories) offers a \(kind.rawValue) of that name"
        let others = seen.flatMap { image in image.stages.map { $0.descriptor } }
            .filter { $0.kind == kind }.map { $0.name }
        if !others.isEmpty { message += "; there are \(others.sorted().joined(separator: ", "))" }
        for error in refused { message += "; refused: \(error)" }
        throw PluginError(.notFound, name, message)
    }

    /// The shared libraries of the plugin directories.
    private func files() -> [String] {
        configuration.directories.flatMap { directory in
            namesOfFiles(in: directory)
                .filter { $0.hasPrefix("lib") && $0.hasSuffix(".so") && $0 != Self.kitFile }
                .map { "\(directory)/\($0)" }
        }
    }

    /// The same files, those that are called like the stage first.
    private func files(likely name: String) -> [String] {
        func letters(_ text: String) -> String {
            text.lowercased().filter { $0.isLetter || $0.isNumber }
        }
        let wanted = letters(name)
        let (likely, others) = files().reduce(into: ([String](), [String]())) { lists, file in
            let base = file.split(separator: "/").last.map(String.init) ?? file
            if letters(base).contains(wanted) { lists.0.append(file) } else { lists.1.append(file) }
        }
        return likely + others
    }

    private static let kitFile = "libVokenKit.so"
}
