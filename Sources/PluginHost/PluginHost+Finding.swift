import Checkpoints
import Stages

// From a name to a plugin's file.
extension PluginHost {
    private static let kitFile = "libVokenKit.so"

    /// The image that offers a stage, and the file that was found or named.
    func locate(
        _ order: StageOrder, _ directories: [String], _ checks: LoadChecks, _ report: LoadReport
    ) throws(PluginError) -> (PluginImage, path: String) {
        if let file = order.reference.file {
            return try image(ofFile: file, for: order, checks, report)
        }
        return try find(order, directories, checks, report)
    }

    /// The first plugin in the plugin directories that offers the stage.
    private func find(
        _ order: StageOrder, _ directories: [String], _ checks: LoadChecks, _ report: LoadReport
    ) throws(PluginError) -> (PluginImage, path: String) {
        let name = order.plugin
        var seen: [PluginImage] = []
        var refused: [PluginError] = []
        for file in pluginFiles(directories, likely: name) {
            if let refusal = refusal(of: file) {
                refused.append(refusal)
                continue
            }
            do {
                let found = try image(ofFile: file, for: order, checks, report)
                if found.image.stage(order.kind, named: name) != nil { return found }
                seen.append(found.image)
            } catch {
                guard error.code != .otherKind else { continue }
                refused.append(error)
                if error.code == .loadCrashed || error.code == .loadHung { note(error, of: file) }
            }
        }
        report.tell(.began(.file))
        let searched = (directories + configuration.directories).joined(separator: ", ")
        var message = "no plugin in \(searched) offers a \(order.kind.rawValue) of that name"
        let others = seen.flatMap { image in image.stages.map { $0.descriptor } }
            .filter { $0.kind == order.kind }.map { $0.name }
        if !others.isEmpty { message += "; there are \(others.sorted().joined(separator: ", "))" }
        for error in refused { message += "; refused: \(error)" }
        throw PluginError(.notFound, name, message)
    }

    /// The shared libraries of the plugin directories.
    func pluginFiles(_ directories: [String]) -> [String] {
        (directories + configuration.directories).flatMap { directory in
            (Folder.names(in: directory) ?? [])
                .filter { $0.hasPrefix("lib") && $0.hasSuffix(".so") && $0 != Self.kitFile }
                .map { "\(directory)/\($0)" }
        }
    }

    /// The same files, those that are called like the stage first.
    private func pluginFiles(_ directories: [String], likely name: String) -> [String] {
        func letters(_ text: String) -> String {
            text.lowercased().filter { $0.isLetter || $0.isNumber }
        }
        let wanted = letters(name)
        let (likely, others) = pluginFiles(directories)
            .reduce(into: ([String](), [String]())) { lists, file in
                if letters(fileName(of: file)).contains(wanted) {
                    lists.0.append(file)
                } else {
                    lists.1.append(file)
                }
            }
        return likely + others
    }
}

/// The last component of a path.
func fileName(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
}
