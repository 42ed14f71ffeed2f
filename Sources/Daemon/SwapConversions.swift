internal import Pipelines
internal import Wire

// What a swap and the generations are, on the wire.

extension Wire.SwapEvent.Kind {
    init(_ event: Pipelines.SwapEvent) {
        self =
            switch event {
            case .change(let key, let before, let after):
                .change(.init(key: key, before: before ?? "", after: after ?? ""))
            case .phase(let phase, let stage, let detail, let duration):
                .phase(
                    .init(
                        name: phase.rawValue, stage: stage ?? "", detail: detail,
                        microseconds: duration.microseconds))
            case .committed(let commit):
                .committed(
                    .init(
                        generation: commit.generation, previous: commit.previous,
                        microseconds: commit.duration.microseconds, holders: commit.holders))
            case .finished(let result):
                .finished(
                    .init(
                        committed: result.isCommitted, drained: result.isDrained,
                        drainMilliseconds: result.drainTime.microseconds / 1000,
                        returnedPrivate: result.returnedPrivate,
                        returnedMapped: result.returnedMapped, residentBytes: residentBytes(),
                        holders: result.holders.map { Wire.Holder($0) }, kept: result.isKept))
            case .failed(let error): .failed(.init(error))
            }
    }
}

extension Wire.SwapEvent.Failed {
    init(_ error: SwapError) {
        self.init(
            phase: error.phase.rawValue, code: error.code, message: error.message,
            stage: error.stage ?? "")
    }
}

extension Wire.Holder {
    fileprivate init(_ holder: Pipelines.Holder) {
        self.init(job: holder.job, generation: holder.generation, position: holder.position)
    }
}

extension GenerationInfo {
    init(_ generation: GenerationStatus) {
        self.init(
            number: generation.number, state: State(rawValue: generation.state.rawValue),
            holders: generation.holders.map { Wire.Holder($0) },
            stages: generation.stages.map { StageInfo($0) },
            ownBytes: generation.ownUse.total)
    }
}

extension StageInfo {
    fileprivate init(_ stage: GenerationStatus.Stage) {
        let summary = stage.summary
        self.init(
            kind: summary.kind.rawValue, name: summary.name, plugin: summary.plugin,
            version: summary.version, weightsSHA256: summary.weightsHash ?? "",
            fileSHA256: summary.pluginHash, generation: stage.since,
            options: optionsText(summary.options),
            memory: StageMemory(
                weightsMapped: stage.memory.weightsMapped,
                weightsPrivate: stage.memory.weightsPrivate, caches: stage.memory.caches,
                activationsPeak: stage.memory.activationsPeak))
    }
}

private typealias StageMemory = Wire.StageMemory

extension Duration {
    fileprivate var microseconds: Int { Int(self / .microseconds(1)) }
}
