import BenchmarkSupport
import Checkpoints
import Foundation
import PluginHost
import Stages
import Tensors

/// Makes model folders with random weights.
struct RandomModels {
    private let host: PluginHost

    init(_ bench: Workbench) throws {
        host = try PluginHost(
            .init(
                directories: [bench.programs],
                stateDirectory: try bench.makeFolder("state-parent") + "/state"))
    }

    /// Writes a folder of a stage like a model's, with one number of its configuration changed.
    func write(
        _ kind: StageKind, _ plugin: String, like model: String, _ key: String, _ value: Int,
        to folder: String
    ) throws {
        guard case .table(var members) = try JSON.parse(contents(of: model + "/config.json")),
            members[key] != nil
        else { throw Failure("\(model)/config.json has no \(key)") }
        members[key] = .integer(value)

        let (recording, recorder) = ModelFolder.recording(configuration: Settings(members))
        _ = try host.load(StageOrder(kind, plugin: plugin, StageContext(model: recording)))
        var generator = TorchGenerator(seed: 1)
        let tensors = recorder.parameters.map { name, shape, _ in
            (name, Weight(Tensor(shape, generator.normal(shape.count).map { $0 * 0.05 })))
        }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        try replace(folder + "/config.json", with: Array(SettingValue.table(members).json.utf8))
        try Safetensors.write(tensors, to: folder + "/model.safetensors")
    }
}
