import Checkpoints
public import Stages
import Synchronization
import Tensors

/// Whether a loaded stage takes memory: a host may let it go while nobody calls it, and has it back
/// before the next call. Its numbers are the same then.
///
/// What is read in place from mapped files goes by dropping pages, which the system brings back from
/// the file. What construction has rearranged or converted goes with the stage's object; until the
/// stage is made again, from the same mapped files and settings, one that was made in a dry run stands
/// in its place and says the same of itself.
///
/// A language model keeps its object, which the states of sequences belong to, and a scheduler has
/// nothing to let go.
public final class StageResidence: Sendable {
    private struct State {
        var stage: any Stage
        /// The stage is the one for the time between.
        var isAway = false
        /// Pages of its files may be in memory.
        var isRead = true
        /// Bytes that its object takes while it is there.
        let own: Int
    }

    private let state: Mutex<State>
    private let model: ModelFolder?
    private let account: MemoryAccount
    private let canBeRemade: Bool
    private let make: @Sendable () throws -> any Stage

    /// - Parameters:
    ///   - account: charged with the stage.
    ///   - make: makes it once more.
    init(
        _ stage: any Stage, _ kind: StageKind, model: ModelFolder?, account: MemoryAccount,
        make: @escaping @Sendable () throws -> any Stage
    ) {
        state = Mutex(State(stage: stage, own: account.tensors.bytes))
        canBeRemade = kind != .languageModel && kind != .scheduler
        self.model = model
        self.account = account
        self.make = make
    }

    /// The stage, or what stands in its place, which must be asked for its properties alone.
    public var stage: any Stage { state.withLock(\.stage) }

    /// Bytes that it takes now, the pages of its files included.
    public var bytes: Int {
        account.tensors.bytes + (state.withLock(\.isRead) ? model?.mappedBytes ?? 0 : 0)
    }

    /// Bytes that it takes while it is called.
    public var bytesInUse: Int { state.withLock(\.own) + (model?.mappedBytes ?? 0) }

    /// Lets go of what it can. Nobody may be calling the stage.
    /// - Returns: whether memory of its object was freed.
    @discardableResult
    public func leave() -> Bool {
        for file in model?.mappedFiles ?? [] { file.dropPages() }
        guard canBeRemade, state.withLock({ !$0.isAway && $0.own > 0 }),
            let substitute = try? DryRun.perform({ try MemoryAccount.charging(nil, make) })
        else {
            state.withLock { $0.isRead = false }
            return false
        }
        let stage = state.withLock { state in
            defer {
                state.stage = substitute
                state.isAway = true
                state.isRead = false
            }
            return state.stage
        }
        // Freed here and not under the lock.
        withExtendedLifetime(stage) {}
        return true
    }

    /// Has the stage back, before it is called.
    public func settle() throws {
        let isAway = state.withLock { state in
            state.isRead = true
            return state.isAway
        }
        guard isAway else { return }
        let stage = try MemoryAccount.charging(account, make)
        state.withLock { state in
            state.stage = stage
            state.isAway = false
        }
    }
}
