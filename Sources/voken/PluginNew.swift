public import ArgumentParser
import Pipelines
import PluginTemplates
public import Stages
import Stories

/// `voken plugin new`: a package with a stage to start from.
struct PluginNew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write a Swift package with one stage to start from.",
        discussion: """
            The package builds against this installation's Kit, passes its tests and loads into a \
            daemon as it is. A scheduler is a real sampler; a stage of any other kind does the \
            least that its protocol allows, and says where the model goes.
            """)

    @Argument(help: "The stage's name: a small letter, then small letters, digits and _.")
    var name: String

    @Option(help: "What the stage does.")
    var kind = StageKind.scheduler

    @Option(help: "The package's folder, new or empty (default: the name).")
    var out: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let name: PluginName
        do { name = try PluginName(self.name) } catch { throw Failure.usage(error.description) }
        guard let kit = Installation.current.kit else {
            let programs = Installation.current.programs
            throw Failure.failed(
                "Kit, which plugins are built against, is neither at \(programs)/../share/voken/Kit "
                    + "nor in a checkout around \(programs): install Voken whole, or run the voken "
                    + "of a checkout's build folder")
        }
        let template = PluginTemplate(kind, name: name, kit: kit)
        let folder = try PluginFolder(out ?? name.text)
        let paths = try folder.write(template.files)
        if json {
            write(Stories.json(Report(template, folder.resolvedPath, paths)) + "\n", to: 1)
            return
        }
        for path in paths { write("wrote \(path)\n", to: 1) }
        write(
            """
            next:
              cd \(shellWord(folder.path))
              \(PluginTemplate.build)
              \(PluginTemplate.test)
              \(template.swap)

            """, to: 1)
    }

    /// Commands are to be run in `folder`.
    private struct Report: Encodable {
        let name, kind, folder: String
        let files: [String]
        let plugin, build, test, swap, watch: String

        init(_ template: PluginTemplate, _ folder: String, _ files: [String]) {
            name = template.name.text
            kind = template.kind.rawValue
            self.folder = folder
            self.files = files
            plugin = folder + "/" + template.plugin
            build = PluginTemplate.build
            test = PluginTemplate.test
            swap = template.swap
            watch = template.watch
        }
    }
}

extension StageKind: @retroactive ExpressibleByArgument {}

/// A path as a shell reads it.
private func shellWord(_ path: String) -> String {
    let isPlain = path.allSatisfy {
        $0.isASCII && ($0.isLetter || $0.isNumber || "/._-".contains($0))
    }
    return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
}
