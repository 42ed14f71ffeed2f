import ArgumentParser
import ModelImport
import Pipelines
import Stories

/// `voken models verify`: is a model still what was imported?
struct ModelsVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read all of a model, compare hashes, and make each of its stages.",
        discussion: "Exits with 0 if it is sound, else with 1.")

    @Argument(help: "The folder of a model that was imported.")
    var folder: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        try importing {
            let check = ModelFolderCheck(folder, try Manifest(folder: folder))
            let bar = ProgressBar()
            let stop = StopSignal()
            defer { bar.end() }
            var damages = try check.damages { progress in
                try stop.check()
                bar.show(progress)
            }
            if damages.isEmpty {
                let host = try Pipeline.host(for: nil)
                do { try check.makeStages(host: host) { _, _ in try stop.check() } } catch let error
                    as ImportError where error.code == .damaged
                { damages = [error.message] }
            }
            bar.end()
            if json {
                write(
                    Stories.json(Report(folder: folder, sound: damages.isEmpty, damages: damages))
                        + "\n", to: 1)
            } else if damages.isEmpty {
                write("\(folder): sound\n", to: 1)
            }
            guard damages.isEmpty else {
                throw Failure.failed(
                    "\(folder) is damaged:\n  \(damages.joined(separator: "\n  "))\n"
                        + "import it again")
            }
        }
    }

    private struct Report: Encodable {
        let folder: String
        let sound: Bool
        let damages: [String]
    }
}
