import ArgumentParser
import ModelImport
import Pipelines
import Stories

/// `voken models list`: which models are in a folder.
struct ModelsList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the models in a folder, with their stages.")

    @Argument(help: "A folder of models, or a model's (default: the installation's).")
    var folder: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        guard let folder = folder ?? Installation.current.modelFolder else {
            throw Failure.failed("no folder of models is installed: name one")
        }
        try importing {
            let models = try InstalledModel.all(in: folder)
            if json {
                write(
                    Stories.json(Report(folder: folder, models: models.map(Model.init))) + "\n",
                    to: 1)
                return
            }
            guard !models.isEmpty else {
                write("\(folder): no models\n", to: 1)
                return
            }
            var rows = [["MODEL", "STAGE", "TENSORS", "SIZE", "MADE BY"]]
            for model in models {
                for (index, stage) in model.stages.enumerated() {
                    rows.append([
                        index == 0 ? model.name : "", stage.kind.rawValue, typeText(stage.types),
                        byteText(stage.bytes), index == 0 ? model.manifest?.tool ?? "hand" : "",
                    ])
                }
            }
            write(table(rows), to: 1)
        }
    }

    private struct Report: Encodable {
        let folder: String
        let models: [Model]
    }

    private struct Model: Encodable {
        struct Stage: Encodable {
            let stage: String
            let types: [String: Int]
            let bytes: Int
        }

        let name, path: String
        let type, tool: String?
        let bytes: Int
        let stages: [Stage]

        init(_ model: InstalledModel) {
            name = model.name
            path = model.path
            type = model.manifest?.type
            tool = model.manifest?.tool
            bytes = model.bytes
            stages = model.stages.map {
                Stage(stage: $0.kind.rawValue, types: $0.types, bytes: $0.bytes)
            }
        }
    }
}

/// `210 Q4_1, 61 F32`, the most frequent first.
func typeText(_ types: [String: Int]) -> String {
    guard !types.isEmpty else { return "none" }
    return types.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
}
