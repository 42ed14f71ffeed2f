import Checkpoints
import PluginHost
import Stages

/// A scheduler, with its name and options as in the recipe.
struct SchedulerChoice: Sendable {
    let loaded: LoadedStage
    let scheduler: any Scheduler
    /// In our own dialect: `dpmpp_2m+karras`.
    let name: String
    let recipe: String

    /// - Returns: `nil` if the stage is no scheduler.
    init?(_ loaded: LoadedStage) {
        guard let scheduler = loaded.stage as? any Scheduler else { return nil }
        self.loaded = loaded
        self.scheduler = scheduler
        name = loaded.canonicalName
        recipe = Recipe.scheduler(loaded)
    }
}

extension Generation {
    /// The names of the schedulers that the pipeline file knows, and of those that are loaded.
    var schedulerNames: [String] {
        Set([ownScheduler.loaded.descriptor.name] + schedulers.keys + host.names(of: .scheduler))
            .sorted()
    }

    /// The scheduler of one request.
    ///
    /// A name that the pipeline file does not know may be that of any scheduler in the plugin
    /// directories, never a file: it then takes the place of the pipeline's own, with the options
    /// of that which it knows, as after a swap.
    /// - Parameter options: for this request alone; the scheduler must know them.
    func scheduler(
        _ name: String?, options: [String: SettingValue]
    ) throws(RequestError) -> SchedulerChoice {
        let named = name.flatMap(file.furtherScheduler)
        let isOwn = name.map { named == nil && isOwnName($0) } ?? true
        if options.isEmpty {
            if isOwn { return ownScheduler }
            if let named, let choice = schedulers[named.name] { return choice }
        }
        guard let base = named?.entry ?? file.stages[.scheduler], let serving = loaded[base.key]
        else {
            return ownScheduler
        }
        let plugin = isOwn || named != nil ? nil : name
        if let plugin, SchedulerName(plugin) == nil, !Self.isStageName(plugin) {
            throw unknownScheduler(plugin)
        }
        let entry = base.changed(
            by: StageChange(.scheduler, plugin: plugin, options: options))
        let made: LoadedStage
        do throws(StageLoader.Failure) {
            made =
                plugin == nil
                ? try again(serving, entry)
                : try StageLoader(file: file, host: host, log: { _ in }).load(
                    entry, former: serving, checks: LoadChecks(probing: .load, selfTest: true))
        } catch {
            throw refusal(error, of: plugin)
        }
        guard let choice = SchedulerChoice(made) else { throw unknownScheduler(plugin ?? "") }
        return choice
    }

    private func isOwnName(_ name: String) -> Bool {
        guard let own = file.stages[.scheduler] else { return false }
        if own.plugin.contains("/") { return name == ownScheduler.loaded.descriptor.name }
        return name == own.plugin || own.schedulerName.map { $0 == SchedulerName(name) } ?? false
    }

    /// A stage like one that serves, of the very code that serves: what lies at its path by now is
    /// for a swap to load, not for a request.
    private func again(
        _ serving: LoadedStage, _ entry: StageEntry
    ) throws(StageLoader.Failure) -> LoadedStage {
        do {
            return try serving.plugin.make(
                entry.order(serving.model, of: serving.descriptor.name, log: { _ in }))
        } catch {
            throw .plugin(error.of(entry))
        }
    }

    private func refusal(_ failure: StageLoader.Failure, of plugin: String?) -> RequestError {
        switch failure {
        case .plugin(let error) where error.code == .notFound:
            return unknownScheduler(plugin ?? error.plugin)
        case .plugin(let error):
            return RequestError(
                .invalid, "scheduler: \((error.cause as? SettingError)?.description ?? "\(error)")")
        case .model(let message): return RequestError(.invalid, "scheduler: \(message)")
        }
    }

    private func unknownScheduler(_ name: String) -> RequestError {
        let hint = SchedulerName.hint(for: name, among: schedulerNames)
        return RequestError(.invalid, "there is no scheduler \"\(name)\"; \(hint)")
    }

    /// Letters, digits and what scheduler names are joined with: nothing that could be a path.
    private static func isStageName(_ name: String) -> Bool {
        let joints: Set<Character> = ["_", "+", "-", "."]
        return name.utf8.count <= 64 && !name.contains("..")
            && name.allSatisfy { letter in
                letter.isASCII
                    && (letter.isLetter || letter.isNumber || joints.contains(letter))
            }
    }
}
