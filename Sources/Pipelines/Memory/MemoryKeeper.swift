import PluginHost
import Stages
import Synchronization
import Tensors

/// Keeps what stages hold under a pipeline's limit: before a stage is called, those that were called
/// longest ago are let go of until there is room for it.
///
/// The limit never fails a call: where even that is not enough, it is passed.
final class MemoryKeeper: Sendable {
    private struct Guest {
        weak var residence: StageResidence?
        let work: MemoryAccount
    }

    /// Those that were called longest ago first.
    private let guests = Mutex<[Guest]>([])
    private let departures = Mutex(0)

    /// How often a stage was let go of.
    var releases: Int { departures.withLock { $0 } }

    /// Makes a stage of a generation ready to be called.
    /// - Parameter arena: bytes of activations that there will be.
    func admit(_ kind: StageKind, of generation: Generation, arena: Int) throws(RequestError) {
        guard let entry = generation.file.stages[kind], let loaded = generation.loaded[entry.key]
        else { return }
        if let limit = generation.file.engine.memoryLimit {
            var freed = false
            let room = limit - arena - generation.file.engine.kernelBytes
            for residence in leaving(for: loaded, of: generation, limit: room) {
                freed = residence.leave() || freed
                departures.withLock { $0 += 1 }
            }
            if freed { MemoryAccount.returnFreeMemory() }
        }
        do {
            try loaded.residence.settle()
        } catch {
            throw RequestError(
                .stageFailed,
                "stage \(kind.rawValue) was let go of under engine.memory_limit_mb, and cannot be "
                    + "made again: \(error)")
        }
    }

    /// Which stages must go.
    private func leaving(
        for loaded: LoadedStage, of generation: Generation, limit: Int
    ) -> [StageResidence] {
        guests.withLock { guests in
            guests.removeAll { $0.residence == nil }
            let known = Set(guests.compactMap { $0.residence.map { ObjectIdentifier($0) } })
            let new = generation.loaded.values.filter {
                !known.contains(ObjectIdentifier($0.residence))
            }
            guests.insert(
                contentsOf: new.map { Guest(residence: $0.residence, work: $0.work) }, at: 0)
            let caches = guests.reduce(0) { $0 + $1.work.caches.bytes }
            guests.removeAll { $0.residence === loaded.residence }
            let others = guests.compactMap(\.residence)
            guests.append(Guest(residence: loaded.residence, work: loaded.work))
            var sum = caches + loaded.residence.bytesInUse + others.reduce(0) { $0 + $1.bytes }
            return others.filter { other in
                let bytes = other.bytes
                guard sum > limit, bytes > 0 else { return false }
                sum -= bytes
                return true
            }
        }
    }
}
