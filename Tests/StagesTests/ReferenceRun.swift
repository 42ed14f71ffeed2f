import Checkpoints
import Foundation
import PluginHost
import Stages
import TestSupport
import Testing

/// The host of the plugins that this build made.
let host = Result {
    try PluginHost(
        PluginHost.Configuration(
            directories: [PluginHost.directoryOfProgram()],
            stateDirectory: FileManager.default.temporaryDirectory
                .appending(path: "voken-stages-\(getpid())").path))
}

func makeScheduler(
    _ name: String, _ settings: [String: SettingValue] = [:], _ folder: ModelFolder? = nil
) throws -> any Scheduler {
    let loaded = try host.get().load(
        StageOrder(
            .scheduler, plugin: name,
            StageContext(model: folder, settings: Settings(settings))))
    return try #require(loaded.stage as? any Scheduler)
}

/// A trajectory of the fixture `schedulers`.
struct ReferenceRun: Sendable, CustomTestStringConvertible {
    let name: String
    let scheduler: String
    let steps: Int
    let eta: Double
    /// As diffusers writes it to scheduler_config.json.
    let configuration: [String: SettingValue]

    var testDescription: String { "\(name), \(steps) steps" }

    static func all() throws -> [ReferenceRun] {
        let bytes = [UInt8](try Data(contentsOf: fixture("schedulers.json")))
        guard case .table(let root) = try JSON.parse(bytes), case .array(let cases) = root["cases"]
        else { throw SettingError(key: "cases", message: "missing in schedulers.json") }
        return try cases.flatMap { value in
            guard case .table(let members) = value else { return [ReferenceRun]() }
            let settings = Settings(members)
            guard case .table(let configuration) = members["config"] else { return [] }
            return try settings.integers("steps").map { steps in
                ReferenceRun(
                    name: try settings.string("name"),
                    scheduler: try settings.string("scheduler"), steps: steps,
                    eta: try settings.number("eta"), configuration: configuration)
            }
        }
    }

    static func trajectory(_ run: ReferenceRun) throws -> (timesteps: [Float], samples: [[Float]]) {
        let file = try Safetensors(path: fixture("schedulers.safetensors").path)
        let name = "\(run.name).\(run.steps)"
        let timesteps = try #require(file.weight(named: name + ".timesteps")).tensor().values
        let samples = try #require(file.weight(named: name + ".samples")).tensor()
        let width = samples.shape[1]
        let rows = (0..<samples.shape[0]).map { row in
            Array(samples.values[row * width..<(row + 1) * width])
        }
        return (timesteps, rows)
    }

    /// The configuration comes from the model folder, as a published model's does.
    func makeScheduler() throws -> any Scheduler {
        let (folder, _) = ModelFolder.recording(configuration: Settings(configuration))
        return try StagesTests.makeScheduler(
            scheduler, eta > 0 ? ["eta": .number(eta)] : [:], folder)
    }
}
