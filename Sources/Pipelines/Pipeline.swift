import Checkpoints
import Glibc
public import PluginHost
import Stages

/// Makes generations of stages from pipeline files.
public enum Pipeline {
    /// Loads all stages of a pipeline and checks that they fit each other: what `voken check` does,
    /// and all that it does.
    /// - Parameters:
    ///   - number: of the generation.
    ///   - host: where plugins come from.
    ///   - log: takes the lines that stages write while they load.
    public static func load(
        _ file: PipelineFile, number: Int = 1, host: PluginHost,
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(PipelineError) -> Generation {
        var stages: [StageKind: any Stage] = [:]
        var summaries: [StageSummary] = []
        for kind in StageKind.allCases {
            guard let entry = file.stages[kind] else { continue }
            let loaded = try stage(entry, file, host, log)
            stages[kind] = loaded.stage
            summaries.append(StageSummary(loaded))
        }
        var schedulers: [String: Generation.SchedulerChoice] = [:]
        for (name, entry) in file.schedulers.sorted(by: { $0.key < $1.key }) {
            let loaded = try stage(entry, file, host, log)
            guard let scheduler = loaded.stage as? any Scheduler else {
                throw PipelineError(
                    .noPlugin, file: file.path, line: file.line(of: entry.key),
                    "\(entry.key): the plugin's stage is not a scheduler")
            }
            summaries.append(StageSummary(loaded))
            schedulers[name] = Generation.SchedulerChoice(
                scheduler: scheduler, recipe: Recipe.scheduler(loaded, entry.settings))
        }
        return try Generation(
            number: number, file: file, stages: stages, schedulers: schedulers,
            summaries: summaries)
    }

    /// A plugin host for a file: its plugin folders, then those of this installation.
    /// - Parameter stateDirectory: see ``PluginHost/Configuration``; by default a folder of the
    ///   user's under the temporary folder.
    public static func host(
        for file: PipelineFile, stateDirectory: String? = nil
    ) throws(PipelineError) -> PluginHost {
        do {
            return try PluginHost(
                PluginHost.Configuration(
                    directories: file.pluginFolders + Installation.current.pluginFolders,
                    stateDirectory: stateDirectory ?? defaultStateDirectory()))
        } catch {
            throw PipelineError(.noPlugin, file: file.path, error.description)
        }
    }

    private static func defaultStateDirectory() -> String {
        if let folder = unsafe getenv("XDG_RUNTIME_DIR") {
            return unsafe String(cString: folder) + "/voken-plugins"
        }
        return "/tmp/voken-plugins-\(geteuid())"
    }

    private static func stage(
        _ entry: StageEntry, _ file: PipelineFile, _ host: PluginHost,
        _ log: @escaping @Sendable (String) -> Void
    ) throws(PipelineError) -> LoadedStage {
        let model = try folder(entry, file)
        do {
            let context = StageContext(model: model, settings: entry.settings, log: log)
            return try host.load(entry.kind, named: entry.plugin, context)
        } catch {
            if let setting = error.cause as? SettingError { throw file.error(setting) }
            throw PipelineError(
                error.code == .stageFailed ? .stageFailed : .noPlugin, file: file.path,
                line: file.line(of: entry.key), "\(entry.key): \(error.description)")
        }
    }

    private static func folder(
        _ entry: StageEntry, _ file: PipelineFile
    ) throws(PipelineError) -> ModelFolder? {
        guard let path = entry.model else { return nil }
        do {
            return try ModelFolder.open(path)
        } catch {
            throw PipelineError(
                .noModel, file: file.path, line: file.line(of: entry.key + ".model"),
                "\(entry.key).model: \(error)")
        }
    }
}
