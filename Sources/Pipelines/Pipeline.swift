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
    ///   - checks: what is done before a plugin is trusted.
    ///   - budget: of the file, if it is known; it is found out where there is a limit.
    ///   - log: takes the lines that stages write while they load.
    public static func load(
        _ file: PipelineFile, number: Int = 1, host: PluginHost, checks: LoadChecks = .none,
        budget: MemoryBudget? = nil, log: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(PipelineError) -> Generation {
        try requireRoom(for: file, host: host, budget)
        var stages: [String: LoadedStage] = [:]
        for entry in file.entries {
            let loaded: LoadedStage
            do {
                loaded = try StageLoader(file: file, host: host, log: log)
                    .load(entry, checks: checks)
            } catch {
                throw error.pipelineError(entry, file)
            }
            makeRoom(for: loaded, among: stages.values.map(\.residence), in: file)
            stages[entry.key] = loaded
        }
        return try Generation(number: number, file: file, stages: stages, host: host)
    }

    /// - Throws: if a file's limit is less than one of its stages needs.
    static func requireRoom(
        for file: PipelineFile, host: PluginHost, _ budget: MemoryBudget? = nil
    ) throws(PipelineError) {
        guard file.engine.memoryLimit != nil else { return }
        if let budget { return try budget.requireRoom(in: file) }
        try MemoryBudget(file, host: host).requireRoom(in: file)
    }

    /// Lets go of stages that were loaded before, if another one brings them over the limit.
    private static func makeRoom(
        for loaded: LoadedStage, among others: [StageResidence], in file: PipelineFile
    ) {
        guard let limit = file.engine.memoryLimit else { return }
        var sum = loaded.residence.bytes + others.reduce(0) { $0 + $1.bytes }
        for other in others where sum > limit {
            sum -= other.bytes
            other.leave()
            sum += other.bytes
        }
    }

    /// A plugin host for a file, or for none.
    /// - Parameter stateDirectory: see ``PluginHost/Configuration``; by default a folder of the
    ///   user's under the temporary folder.
    public static func host(
        for file: PipelineFile?, stateDirectory: String? = nil
    ) throws(PipelineError) -> PluginHost {
        let installation = Installation.current
        var configuration = PluginHost.Configuration(
            directories: installation.pluginFolders,
            stateDirectory: stateDirectory ?? defaultStateDirectory(),
            allowList: file?.swap.allowList)
        configuration.probe = Probe(
            program: installation.programs + "/voken-probe",
            milliseconds: file?.swap.probeMilliseconds ?? 30_000)
        do {
            return try PluginHost(configuration)
        } catch {
            throw PipelineError(
                .noPlugin, file: file?.path ?? configuration.stateDirectory, error.description)
        }
    }

    private static func defaultStateDirectory() -> String {
        if let folder = unsafe getenv("XDG_RUNTIME_DIR") {
            return unsafe String(cString: folder) + "/voken-plugins"
        }
        return "/tmp/voken-plugins-\(geteuid())"
    }
}

/// Makes the stages of one pipeline file.
struct StageLoader {
    let file: PipelineFile
    let host: PluginHost
    let log: @Sendable (String) -> Void

    /// A stage that could not be made.
    enum Failure: Error {
        case model(String)
        case plugin(PluginError)

        func pipelineError(_ entry: StageEntry, _ file: PipelineFile) -> PipelineError {
            switch self {
            case .model(let message):
                return PipelineError(
                    .noModel, file: file.path, line: file.line(of: entry, "model"),
                    "\(entry.key).model: \(message)")
            case .plugin(let error):
                if let setting = error.cause as? SettingError, setting.key.hasPrefix(entry.key) {
                    return file.error(setting)
                }
                let isStage = error.code == .constructorThrew || error.code == .badSetting
                return PipelineError(
                    isStage ? .stageFailed : .noPlugin, file: file.path,
                    line: file.line(of: entry), "\(entry.key): \(error.description)")
            }
        }
    }

    /// - Parameter former: the stage that serves; files of weights that are the same are shared
    ///   with it.
    func load(
        _ entry: StageEntry, former: LoadedStage? = nil, checks: LoadChecks,
        report: (LoadEvent) -> Void = { _ in }
    ) throws(Failure) -> LoadedStage {
        let model = try folder(entry, former: former?.model)
        let loaded: LoadedStage
        do {
            loaded = try host.load(
                entry.order(model, log: log), searching: file.pluginFolders, checks: checks,
                report: report)
        } catch {
            throw .plugin(error.of(entry, among: host.names(of: entry.kind)))
        }
        if let code = entry.code, loaded.plugin.sha256 != code.sha256 {
            throw .plugin(
                PluginError(
                    .fileChanged, code.path, "its SHA-256 is \(loaded.plugin.sha256) by now"
                ).of(entry))
        }
        return loaded
    }

    func folder(
        _ entry: StageEntry, former: ModelFolder?
    ) throws(Failure) -> ModelFolder? {
        guard let path = entry.model else {
            guard let weights = entry.weights else { return nil }
            throw .model("\(weights) needs the config.json of a model folder: name the folder")
        }
        do {
            return try ModelFolder.open(path, weights: entry.weights, reusing: former)
        } catch {
            throw .model("\(error)")
        }
    }
}

extension PluginError {
    /// The same error with the names that the user knows.
    /// - Parameter names: of the stages that there are.
    func of(_ entry: StageEntry, among names: [String] = []) -> PluginError {
        if code == .badSetting, let fault = entry.fault(ofNameIn: description) {
            return PluginError(code, plugin, "cannot make the stage", cause: fault)
        }
        if let copy = entry.code {
            return PluginError(
                code, "\(entry.plugin), committed as \(copy.path)", message, cause: cause)
        }
        guard entry.kind == .scheduler, code == .notFound else { return self }
        // The host's message lists what there is.
        let nearest = SchedulerName.nearest(to: entry.plugin, among: names).map { "; \($0)" } ?? ""
        return PluginError(code, entry.plugin, message + nearest, cause: cause)
    }
}
