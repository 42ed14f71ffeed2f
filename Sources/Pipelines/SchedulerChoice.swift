import Checkpoints
import PluginHost
import Stages

/// A scheduler, with its name and options as in the recipe.
struct SchedulerChoice: Sendable {
    let loaded: LoadedStage
    let scheduler: any Scheduler
    let recipe: String

    /// - Returns: `nil` if the stage is no scheduler.
    init?(_ loaded: LoadedStage) {
        guard let scheduler = loaded.stage as? any Scheduler else { return nil }
        self.loaded = loaded
        self.scheduler = scheduler
        recipe = Recipe.scheduler(loaded)
    }

    var name: String { loaded.descriptor.name }
}

extension Generation {
    /// The names of the schedulers that the pipeline file knows, and of those that are loaded.
    var schedulerNames: [String] {
        Set([ownScheduler.name] + schedulers.keys + host.names(of: .scheduler)).sorted()
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
        let own = file.stages[.scheduler]
        if options.isEmpty {
            guard let name, name != ownScheduler.name else { return ownScheduler }
            if let choice = schedulers[name] { return choice }
        }
        guard let base = name.flatMap({ file.schedulers[$0] }) ?? own else { return ownScheduler }
        var plugin = name
        if name == ownScheduler.name || name.map({ file.schedulers[$0] != nil }) == true {
            plugin = nil
        }
        if let plugin, !Self.isStageName(plugin) { throw unknownScheduler(plugin) }
        let change = StageChange(.scheduler, plugin: plugin, options: options)
        let checks = LoadChecks(probing: .load, selfTest: plugin != nil)
        let loaded: LoadedStage
        do throws(StageLoader.Failure) {
            loaded = try StageLoader(file: file, host: host, log: { _ in }).load(
                base.changed(by: change), former: self.loaded[base.key], checks: checks)
        } catch {
            throw refusal(error, of: plugin)
        }
        guard let choice = SchedulerChoice(loaded) else { throw unknownScheduler(plugin ?? "") }
        return choice
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
        let hint =
            nearest(to: name, in: schedulerNames).map { "did you mean \"\($0)\"?" }
            ?? "there are \(schedulerNames.joined(separator: ", "))"
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
