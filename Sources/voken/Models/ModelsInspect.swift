import ArgumentParser
import Checkpoints
import ModelImport
import Pipelines
import Stories

/// `voken models inspect`: what weights are, to the last tensor.
struct ModelsInspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say what a model's folder, or any published file of weights, holds.",
        discussion:
            "Nothing in a file is run; of a PyTorch file what it would have called is named.")

    @Argument(help: "A model's folder, a folder of weights, safetensors, PyTorch or GGUF.")
    var path: String

    @Option(help: "The dictionary to look at in a PyTorch file that holds several.")
    var member: String?

    @Flag(help: "List every tensor.")
    var tensors = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        try importing {
            if let model = try InstalledModel(folder: path) {
                try show(model)
            } else {
                try show(Inspection(path, member: member))
            }
        }
    }

    private func show(_ inspection: Inspection) throws {
        if json {
            write(Stories.json(Report(inspection)) + "\n", to: 1)
            return
        }
        write(
            """
            \(path): \(inspection.format), \(byteText(inspection.bytes))
            recognised as: \(inspection.recognised)
            tensors: \(typeText(inspection.types))

            """, to: 1)
        for (key, value) in inspection.metadata.sorted(by: { $0.key < $1.key }) {
            write("\(key): \(value)\n", to: 1)
        }
        if !inspection.ignoredGlobals.isEmpty {
            let globals = inspection.ignoredGlobals.joined(separator: ", ")
            write("would have called, and was not let: \(globals)\n", to: 1)
        }
        if tensors { write(tensorTable(inspection), to: 1) }
    }

    private func show(_ model: InstalledModel) throws {
        let parts = try model.stages.map { stage in
            (stage, stage.kind == .scheduler ? nil : try Inspection(folder(of: stage, in: model)))
        }
        if json {
            write(Stories.json(ModelReport(model, parts.compactMap(\.1))) + "\n", to: 1)
            return
        }
        write("\(model.path): a model, \(byteText(model.bytes))\n", to: 1)
        if let manifest = model.manifest {
            write("made by \(manifest.tool) as \(manifest.type), of\n", to: 1)
            for source in manifest.sources {
                write("  \(source.name) (\(byteText(source.size)), \(source.sha256))\n", to: 1)
            }
            if let fingerprint = manifest.fingerprint { write("base: \(fingerprint)\n", to: 1) }
        }
        for (stage, inspection) in parts {
            let configuration = SettingValue.table(stage.configuration).json
            guard let inspection else {
                write("\(stage.kind.rawValue): \(configuration)\n", to: 1)
                continue
            }
            write(
                "\(stage.kind.rawValue): \(inspection.recognised), \(typeText(stage.types)), "
                    + "\(byteText(stage.bytes))\n  \(configuration)\n", to: 1)
            if tensors { write(tensorTable(inspection), to: 1) }
        }
    }

    private func tensorTable(_ inspection: Inspection) -> String {
        table(
            [["TENSOR", "TYPE", "SHAPE"]]
                + inspection.tensors.map { tensor in
                    let shape = tensor.extents.map(String.init).joined(separator: "×")
                    return [tensor.name, tensor.type, shape]
                })
    }

    private func folder(of stage: InstalledModel.Stage, in model: InstalledModel) -> String {
        "\(model.path)/\(stage.folder)"
    }

    private struct Report: Encodable {
        struct Tensor: Encodable {
            let name, type: String
            let shape: [Int]
        }

        let path, format, recognised: String
        let kind: String?
        let bytes: Int
        let types: [String: Int]
        let ignored_globals: [String]
        let metadata: [String: String]
        let tensors: [Tensor]

        init(_ inspection: Inspection) {
            path = inspection.path
            format = inspection.format
            recognised = inspection.recognised
            kind = inspection.kind?.rawValue
            bytes = inspection.bytes
            types = inspection.types
            ignored_globals = inspection.ignoredGlobals
            metadata = inspection.metadata
            tensors = inspection.tensors.map {
                Tensor(name: $0.name, type: $0.type, shape: $0.extents)
            }
        }
    }

    private struct ModelReport: Encodable {
        struct Source: Encodable {
            let name, sha256: String
            let size: Int
        }

        let path: String
        let tool, type, fingerprint: String?
        let sources: [Source]
        let stages: [Report]

        init(_ model: InstalledModel, _ inspections: [Inspection]) {
            path = model.path
            tool = model.manifest?.tool
            type = model.manifest?.type
            fingerprint = model.manifest?.fingerprint
            sources = (model.manifest?.sources ?? []).map {
                Source(name: $0.name, sha256: $0.sha256, size: $0.size)
            }
            stages = inspections.map(Report.init)
        }
    }
}
