import Checkpoints
import Foundation
import PluginHost
import Stages
import Tensors
import TestSupport
import Testing

/// A tiny model of `Tests/Fixtures/models`, made by `Tests/Reference`, and what its reference
/// implementation computes.
struct StageFixture {
    let folder: String
    private let expected: Safetensors

    init(_ name: String) throws {
        folder = fixture("models/\(name)").path
        expected = try Safetensors(path: fixture("models/\(name).safetensors").path)
    }

    subscript(name: String) -> Tensor {
        get throws { try #require(expected.weight(named: name)).tensor() }
    }

    func numbers(_ name: String) throws -> [Float] { try self[name].values }

    /// The stage on this model, out of the plugin that was built.
    func load<Kind>(
        _ kind: StageKind, _ name: String, _ settings: [String: SettingValue] = [:]
    ) throws -> Kind {
        try loadStage(kind, name, ModelFolder.open(folder), settings)
    }
}

func loadStage<Kind>(
    _ kind: StageKind, _ name: String, _ model: ModelFolder?,
    _ settings: [String: SettingValue] = [:]
) throws -> Kind {
    let context = StageContext(model: model, settings: Settings(settings))
    return try #require(host.get().load(StageOrder(kind, plugin: name, context)).stage as? Kind)
}

/// A copy of a model with something changed, in a folder that is removed at the end.
func withChangedModel<Result>(
    _ folder: String, configuration change: (inout [String: SettingValue]) -> Void = { _ in },
    weights: ([(name: String, weight: Weight)]) -> [(name: String, weight: Weight)] = { $0 },
    _ body: (String) throws -> Result
) throws -> Result {
    let copy = FileManager.default.temporaryDirectory.appending(path: "voken-model-\(UUID())")
    try FileManager.default.copyItem(atPath: folder, toPath: copy.path)
    defer { try? FileManager.default.removeItem(at: copy) }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    for name in files where name.hasSuffix(".safetensors") {
        let file = try Safetensors(path: "\(folder)/\(name)")
        let tensors = try file.names.map {
            (name: $0, weight: try #require(file.weight(named: $0)))
        }
        try Safetensors.write(weights(tensors), to: "\(copy.path)/\(name)")
    }
    let path = copy.appending(path: "config.json")
    guard case .table(var members) = try JSON.parse([UInt8](Data(contentsOf: path))) else {
        throw CocoaError(.fileReadCorruptFile)
    }
    change(&members)
    try Data(SettingValue.table(members).json.utf8).write(to: path)
    return try body(copy.path)
}

extension SettingValue {
    fileprivate var json: String {
        switch self {
        case .string(let string): JSON.quoted(string)
        case .array(let elements): "[\(elements.map(\.json).joined(separator: ","))]"
        case .table(let members):
            "{\(members.map { "\(JSON.quoted($0)):\($1.json)" }.joined(separator: ","))}"
        case .integer, .number, .boolean, .null: literal
        }
    }
}
