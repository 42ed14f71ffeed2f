internal import CProtobufC

/// A set of stages that serves, has served, or can serve again.
public struct GenerationInfo: Sendable, Equatable {
    /// Those of newer daemons pass through as they are.
    public struct State: RawRepresentable, Sendable, Hashable {
        public var rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        public static let serving = State(rawValue: "serving")
        /// Requests that were admitted with it still run.
        public static let draining = State(rawValue: "draining")
        /// For rollback.
        public static let kept = State(rawValue: "kept")
    }

    public var number: Int
    public var state: State
    public var holders: [Holder]
    public var stages: [StageInfo]
    /// Bytes of those of its stages that no other generation in the list shares.
    public var ownBytes: Int

    public init(number: Int, state: State, holders: [Holder], stages: [StageInfo], ownBytes: Int) {
        self.number = number
        self.state = state
        self.holders = holders
        self.stages = stages
        self.ownBytes = ownBytes
    }

    init(_ generation: Voken__V1__GenerationInfo) throws(WireError) {
        unsafe self.init(
            number: Int(generation.number),
            state: State(
                rawValue: try validText(
                    generation.state, "a generation's state", limit: TextLimit.name)),
            holders: try elements(generation.holders, generation.n_holders) {
                holder throws(WireError) in
                try unsafe Holder(holder)
            },
            stages: try elements(generation.stages, generation.n_stages) {
                stage throws(WireError) in
                try unsafe StageInfo(stage)
            },
            ownBytes: Int(clamping: generation.own_bytes))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__GenerationInfo>? {
        unsafe arena.message(voken__v1__generation_info__init) { generation, arena in
            unsafe generation.number = UInt32(clamping: number)
            unsafe generation.state = arena.string(state.rawValue)
            unsafe generation.n_holders = holders.count
            unsafe generation.holders = arena.list(holders) { unsafe $0.packed(&$1) }
            unsafe generation.n_stages = stages.count
            unsafe generation.stages = arena.list(stages) { unsafe $0.packed(&$1) }
            unsafe generation.own_bytes = UInt64(clamping: ownBytes)
        }
    }
}

/// A request that holds a generation.
public struct Holder: Sendable, Equatable {
    public var job: String
    public var generation: Int
    /// Where it is, for people: `waiting`, `scene 2 of 4`, `image 1, step 12 of 25`.
    public var position: String

    public init(job: String, generation: Int, position: String) {
        self.job = job
        self.generation = generation
        self.position = position
    }

    init(_ holder: Voken__V1__Holder) throws(WireError) {
        unsafe self.init(
            job: try validText(holder.job, "a holder's job", limit: TextLimit.name),
            generation: Int(holder.generation),
            position: try validText(holder.position, "a holder's position", limit: TextLimit.name))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Holder>? {
        unsafe arena.message(voken__v1__holder__init) { holder, arena in
            unsafe holder.job = arena.string(job)
            unsafe holder.generation = UInt32(clamping: generation)
            unsafe holder.position = arena.string(position)
        }
    }
}

/// What `voken.v1.Pipeline/ListGenerations` answers.
public struct ListGenerationsReply: Message {
    /// The serving one first, then by falling number.
    public var generations: [GenerationInfo]

    public init(generations: [GenerationInfo]) { self.generations = generations }

    public init(_ bytes: [UInt8]) throws(WireError) {
        generations = try unsafe unpacking(
            bytes, with: voken__v1__list_generations_reply__unpack
        ) { message throws(WireError) in
            try unsafe elements(message.generations, message.n_generations) {
                generation throws(WireError) in
                try unsafe GenerationInfo(generation)
            }
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__list_generations_reply__init) { message, arena in
            unsafe message.n_generations = generations.count
            unsafe message.generations = arena.list(generations) { unsafe $0.packed(&$1) }
        }
    }
}
