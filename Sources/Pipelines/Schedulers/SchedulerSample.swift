public import Checkpoints
import PluginHost
public import Stages
import Tensors

/// A scheduler that was made to be looked at.
public struct SchedulerSample: Sendable {
    public let scheduler: any Scheduler
    /// In our own dialect: `dpmpp_2m+karras`.
    public let name: String
    public let descriptor: StageDescriptor
    public let summary: SchedulerSummary
    /// The plugin's file.
    public let plugin: String
    /// All that it has asked for, sorted by key.
    public let options: [Option]

    /// An option that is in force.
    public struct Option: Sendable, Equatable {
        /// Who says it.
        public enum Origin: String, Sendable {
            case byDefault = "default"
            case model
            case stableDiffusion = "stable_diffusion"
            case name
            case user
        }

        public let key: String
        /// `null` if it may be left out, and is.
        public let value: SettingValue
        /// Likewise.
        public let fallback: SettingValue
        public let origin: Origin
    }

    init(
        _ scheduler: any Scheduler, _ loaded: LoadedStage, entry: StageEntry, settings: Settings,
        source: SchedulerCatalog.Source
    ) {
        self.scheduler = scheduler
        name = loaded.canonicalName
        descriptor = loaded.descriptor
        summary = type(of: scheduler).summary
        plugin = loaded.path
        let file = loaded.model?.configuration ?? Settings([:])
        let defaults = settings.defaults.merging(file.defaults) { own, other in
            own == .null ? other : own
        }
        let read = Set(settings.readKeys).union(file.readKeys).union(defaults.keys)
        options = read.sorted().map { key in
            func option(_ value: SettingValue, _ origin: Option.Origin) -> Option {
                Option(
                    key: key, value: value, fallback: defaults[key] ?? .null, origin: origin)
            }
            if let value = settings.values[key], value != .null {
                return option(value, entry.isUsers(key) ? .user : .name)
            }
            if let value = file.values[key], value != .null {
                return option(value, source == .stableDiffusion ? .stableDiffusion : .model)
            }
            return option(defaults[key] ?? .null, .byDefault)
        }
    }

    /// - Throws: a ``RequestError`` if it cannot take that many.
    public func trajectory(steps: Int) throws(RequestError) -> any Trajectory {
        do {
            return try scheduler.trajectory(steps: steps)
        } catch {
            throw RequestError(.invalid, "\(name): \(error)")
        }
    }

    /// The calls whose steps draw noise, found by running them on a small sample.
    public func noisyCalls(of trajectory: any Trajectory) -> Int {
        var trajectory = trajectory
        var noise = TorchGenerator(seed: 1)
        var sample = noise.normal([1, 2, 2, 1]).scaled(by: trajectory.initialNoiseScale)
        var count = 0
        for call in trajectory.timesteps.indices {
            var before = noise
            let seen = trajectory.modelInput(sample, call: call)
            let output = seen.scaled(by: 0.5)
            sample = trajectory.step(sample, output: output, call: call, noise: &noise)
            var after = noise
            if before.nextUInt64() != after.nextUInt64() { count += 1 }
        }
        return count
    }
}
