import PluginHost

/// A generation that is in memory.
public struct GenerationStatus: Sendable, Equatable {
    public enum State: String, Sendable {
        case serving
        /// Requests that were admitted with it still run.
        case draining
        /// For a rollback.
        case kept
    }

    public struct Stage: Sendable, Equatable {
        public var summary: StageSummary
        /// The generation that it came with.
        public var since: Int
        public var memory: StageMemory

        public init(_ summary: StageSummary, since: Int, memory: StageMemory) {
            self.summary = summary
            self.since = since
            self.memory = memory
        }
    }

    public var number: Int
    /// The pipeline's name.
    public var pipeline: String
    public var state: State
    public var holders: [Holder]
    public var stages: [Stage]
    /// What it uses and no other generation does.
    public var ownUse: MemoryUse

    public init(
        number: Int, pipeline: String, state: State, holders: [Holder], stages: [Stage],
        ownUse: MemoryUse
    ) {
        self.number = number
        self.pipeline = pipeline
        self.state = state
        self.holders = holders
        self.stages = stages
        self.ownUse = ownUse
    }

    init(_ generation: Generation, state: State, holders: [Holder], ownUse: MemoryUse) {
        let stages = zip(generation.file.entries, generation.stages).compactMap { entry, summary in
            generation.loaded[entry.key].map {
                Stage(
                    summary, since: generation.origins[entry.key] ?? generation.number,
                    memory: StageMemory($0))
            }
        }
        self.init(
            number: generation.number, pipeline: generation.file.name, state: state,
            holders: holders, stages: stages, ownUse: ownUse)
    }
}
