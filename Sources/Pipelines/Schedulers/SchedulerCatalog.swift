public import Checkpoints
import PluginHost
import Stages

/// Schedulers on their own, without the other stages of a pipeline: what there are, and each with
/// the options that it would have in a certain place.
public struct SchedulerCatalog: Sendable {
    /// Where options come from that nobody gives.
    public enum Source: Sendable, Equatable {
        /// The betas of Stable Diffusion.
        case stableDiffusion
        /// The file of a model folder.
        case model(String)
        /// A pipeline file, and the model folder that it names.
        case pipeline(String)
        /// The algorithm's defaults.
        case defaults
    }

    public let source: Source
    private let host: PluginHost
    private let pipeline: PipelineFile?

    public init(_ source: Source) throws(PipelineError) {
        self.source = source
        if case .pipeline(let path) = source {
            let file = try PipelineFile(path)
            pipeline = file
            host = try Pipeline.host(for: file)
        } else {
            pipeline = nil
            host = try Pipeline.host(for: nil)
        }
    }

    private var folders: [String] { pipeline?.pluginFolders ?? [] }

    /// All that the plugin directories offer, by name.
    public var listings: [SchedulerListing] {
        host.schedulers(searching: folders).map { offer, type in
            SchedulerListing(offer, type, in: self)
        }.sorted { $0.name < $1.name }
    }

    /// Makes a scheduler.
    /// - Parameters:
    ///   - name: in any dialect, or a plugin's file.
    ///   - options: that it must know.
    ///   - tolerated: those of them that it need not know.
    public func make(
        _ name: String, options: [String: SettingValue] = [:],
        tolerating tolerated: Set<String> = []
    ) throws(RequestError) -> SchedulerSample {
        var entry = entry(name, options)
        entry.remembered.formUnion(tolerated)
        let order = entry.order(try folder(of: entry), log: { _ in })
        let loaded: LoadedStage
        do {
            loaded = try host.load(order, searching: folders)
        } catch {
            let named = error.of(entry, among: host.names(of: .scheduler))
            throw RequestError(
                .invalid, (named.cause as? SettingError)?.description ?? named.description)
        }
        guard let scheduler = loaded.stage as? any Scheduler else {
            throw RequestError(.invalid, "\(name) is no scheduler")
        }
        return SchedulerSample(
            scheduler, loaded, entry: entry, settings: order.context.settings, source: source)
    }

    private func entry(_ name: String, _ options: [String: SettingValue]) -> StageEntry {
        let change = StageChange(.scheduler, plugin: name, options: options)
        if let pipeline {
            if let further = pipeline.furtherScheduler(name) {
                return further.entry.changed(by: StageChange(.scheduler, options: options))
            }
            if let own = pipeline.stages[.scheduler] { return own.changed(by: change) }
        }
        return StageEntry(.scheduler, plugin: name, key: "", options: [:]).changed(by: change)
    }

    private func folder(of entry: StageEntry) throws(RequestError) -> ModelFolder? {
        do {
            switch source {
            case .stableDiffusion:
                return try ModelFolder(path: "", configuration: Settings(.stableDiffusion()))
            case .model(let path): return try ModelFolder.open(path)
            case .pipeline: return try entry.model.map { try ModelFolder.open($0) }
            case .defaults: return nil
            }
        } catch {
            throw RequestError(.invalid, "\(error)")
        }
    }
}

extension PipelineFile {
    /// The table of a further scheduler, however its name is spelt.
    func furtherScheduler(_ name: String) -> (name: String, entry: StageEntry)? {
        if let entry = schedulers[name] { return (name, entry) }
        guard let meant = SchedulerName(name) else { return nil }
        return schedulers.sorted { $0.key < $1.key }.first { SchedulerName($0.key) == meant }
            .map { ($0.key, $0.value) }
    }
}
