import Checkpoints
import Foundation
import PluginHost
import Stages
import Tensors
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
    let seed: UInt64
    /// Of the sample, as torch draws it: channels outermost.
    let shape: Shape
    /// As diffusers writes it to scheduler_config.json.
    let configuration: [String: SettingValue]

    var testDescription: String { "\(name), \(steps) steps" }

    /// - Parameter schedulers: whose runs.
    static func all(of schedulers: Set<String>) throws -> [ReferenceRun] {
        let bytes = [UInt8](try Data(contentsOf: fixture("schedulers.json")))
        guard case .table(let root) = try JSON.parse(bytes), case .array(let cases) = root["cases"]
        else { throw SettingError(key: "cases", message: "missing in schedulers.json") }
        return try cases.flatMap { value in
            guard case .table(let members) = value else { return [ReferenceRun]() }
            let settings = Settings(members)
            let scheduler = try settings.string("scheduler")
            guard schedulers.contains(scheduler), case .table(let configuration) = members["config"]
            else { return [] }
            return try settings.integers("steps").map { steps in
                ReferenceRun(
                    name: try settings.string("name"), scheduler: scheduler, steps: steps,
                    seed: UInt64(try settings.integer("seed")),
                    shape: Shape(try settings.integers("shape")), configuration: configuration)
            }
        }
    }

    /// What the reference found.
    struct Trajectory {
        let timesteps: [Float]
        /// The scheduler's own, where it has them.
        let sigmas: [Float]?
        let initialNoiseScale: Float
        /// The initial one first.
        let samples: [[Float]]
    }

    func trajectory() throws -> Trajectory {
        let file = try Self.file.get()
        func values(_ part: String) -> [Float]? {
            file.weight(named: "\(name).\(steps).\(part)")?.tensor().values
        }
        let samples = try #require(values("samples"))
        let width = shape.count
        return Trajectory(
            timesteps: try #require(values("timesteps")), sigmas: values("sigmas"),
            initialNoiseScale: try #require(values("scale"))[0],
            samples: stride(from: 0, to: samples.count, by: width).map {
                Array(samples[$0..<$0 + width])
            })
    }

    private static let file = Result {
        try Safetensors(path: fixture("schedulers.safetensors").path)
    }

    /// The configuration comes from the model folder, as a published model's does.
    func makeScheduler() throws -> any Scheduler {
        let (folder, _) = ModelFolder.recording(configuration: Settings(configuration))
        return try StagesTests.makeScheduler(scheduler, [:], folder)
    }
}
