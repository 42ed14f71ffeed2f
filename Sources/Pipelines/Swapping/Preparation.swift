import Checkpoints
import PluginHost
import Stages

/// Makes a new generation beside the one that serves, and tells of each phase.
struct Preparation {
    let serving: Generation
    let number: Int
    let checks: LoadChecks
    let host: PluginHost
    let log: @Sendable (String) -> Void
    let events: @Sendable (SwapEvent) -> Void

    /// - Returns: `nil` if nothing is to change, or for a dry run.
    func generation(for order: SwapOrder) throws(SwapError) -> Generation? {
        switch order {
        case .change(let change): return try generation(for: change)
        case .apply(let text, let path, let isDryRun):
            let generation = try generation(text, path)
            return isDryRun ? nil : generation
        case .rollback: preconditionFailure("a generation that is kept needs no preparation")
        }
    }

    private func generation(for change: StageChange) throws(SwapError) -> Generation {
        guard let entry = serving.file.stages[change.kind] else {
            throw SwapError(
                .request, .invalid,
                "pipeline \(serving.file.name) has no \(change.kind.rawValue); add it to a "
                    + "pipeline file and apply that")
        }
        if let weights = change.weights, !FilePath.isFolder(weights), !FilePath.isFile(weights) {
            throw SwapError(
                .request, .noModel, stage: entry.key, "there is no file or folder \(weights)")
        }
        let file = serving.file.replacing(entry.changed(by: change))
        tellChanges(to: file)
        return try make(file) { $0.key == entry.key }
    }

    private func generation(_ text: String, _ path: String) throws(SwapError) -> Generation? {
        let file: PipelineFile
        do {
            file = try PipelineFile(text: text, path: path)
        } catch {
            throw SwapError(.request, .invalid, error.description)
        }
        let former = Dictionary(
            uniqueKeysWithValues: serving.file.entries.map { ($0.key, $0) })
        let isSame = { (entry: StageEntry) in
            guard let old = former[entry.key], let loaded = serving.loaded[entry.key] else {
                return false
            }
            return old.isSameText(as: entry) && loaded.hasCurrentModel
                && (old.code?.isOf(entry.plugin) ?? host.isCurrent(loaded))
        }
        guard tellChanges(to: file) || !file.entries.allSatisfy(isSame) else { return nil }
        return try make(file) { !isSame($0) }
    }

    /// - Returns: whether anything is different.
    @discardableResult
    private func tellChanges(to file: PipelineFile) -> Bool {
        let changes = file.changes(from: serving.file)
        for change in changes {
            events(.change(key: change.key, before: change.before, after: change.after))
        }
        return !changes.isEmpty
    }

    /// - Parameter isNew: whether a stage is to be made; the others are shared.
    private func make(
        _ file: PipelineFile, where isNew: (StageEntry) -> Bool
    ) throws(SwapError) -> Generation {
        do {
            try Pipeline.requireRoom(for: file, host: host)
        } catch {
            throw SwapError(.construct, code: error.code.rawValue, error.message)
        }
        var stages: [String: LoadedStage] = [:]
        var new: [LoadedStage] = []
        var origins: [String: Int] = [:]
        for entry in file.entries {
            let former = serving.loaded[entry.key]
            if let former, !isNew(entry) {
                stages[entry.key] = former
                origins[entry.key] = serving.origins[entry.key]
                continue
            }
            let loaded = try load(entry, file, former)
            stages[entry.key] = loaded
            new.append(loaded)
        }
        let start = ContinuousClock.now
        let generation: Generation
        do {
            generation = try Generation(
                number: number, file: file, stages: stages, origins: origins, host: host,
                sharing: serving)
        } catch {
            throw SwapError(
                .contract, .contract,
                error.message + "; stages that only fit together are replaced together: voken apply"
            )
        }
        events(
            .phase(
                .contract, stage: nil, detail: "\(stages.count) stages fit each other",
                ContinuousClock.now - start))
        // What was checked and what lies there now must be the same, or the user thinks that
        // something else serves.
        for loaded in new {
            do {
                try host.requireCurrent(loaded)
            } catch {
                throw SwapError(.commit, code: error.code.rawValue, error.description)
            }
        }
        return generation
    }

    private func load(
        _ entry: StageEntry, _ file: PipelineFile, _ former: LoadedStage?
    ) throws(SwapError) -> LoadedStage {
        var phase = LoadPhase.file
        let loader = StageLoader(file: file, host: host, log: log)
        do throws(StageLoader.Failure) {
            return try loader.load(entry, former: former, checks: checks) { event in
                switch event {
                case .began(let begun): phase = begun
                case .done(let done, let detail, let duration):
                    events(
                        .phase(
                            SwapPhase(done), stage: entry.key, detail: detail, duration))
                }
            }
        } catch {
            switch error {
            case .model(let message):
                throw SwapError(.construct, .noModel, stage: entry.key, message)
            case .plugin(let error):
                let message = error.description
                let carried = entry.remembered.contains {
                    message.contains("\(entry.key).\($0): ")
                }
                throw SwapError(
                    SwapPhase(phase), code: error.code.rawValue, stage: entry.key,
                    message + (carried ? "; options that served stay: --fresh forgets them" : ""))
            }
        }
    }
}

extension SwapPhase {
    fileprivate init(_ phase: LoadPhase) {
        self =
            switch phase {
            case .file: .file
            case .copy: .copy
            case .probe: .probe
            case .load: .load
            case .construct: .construct
            case .selfTest: .selfTest
            }
    }
}

extension LoadedStage {
    /// Whether the files of its model are still those that it was made from.
    fileprivate var hasCurrentModel: Bool { model?.isCurrent ?? true }
}
