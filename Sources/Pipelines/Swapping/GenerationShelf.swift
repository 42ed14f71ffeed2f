import PluginHost
import Tensors

/// The generations that are in memory, and why each of them is.
struct GenerationShelf {
    private(set) var serving: Generation
    /// For a rollback, the one that served last first.
    private var kept: [Generation] = []
    /// Replaced, and not kept: let go when the last request has ended.
    private var leaving: [Generation] = []
    private let keeping: Int
    private(set) var lastNumber: Int
    var waits: [DrainWait] = []
    /// In all, of generations that were let go.
    private(set) var returned = MemoryUse()

    /// - Parameter lastNumber: the highest that was given to a generation.
    init(_ serving: Generation, keeping: Int, lastNumber: Int) {
        self.serving = serving
        self.keeping = keeping
        self.lastNumber = max(lastNumber, serving.number)
    }

    var nextNumber: Int { lastNumber + 1 }

    /// The generation that serves, and those that requests hold. One that is only kept stands in
    /// nobody's way: it leaves when there are newer ones to keep.
    func countInUse(where isHeld: (Int) -> Bool) -> Int {
        1 + (kept + leaving).count { isHeld($0.number) }
    }

    var use: MemoryUse { MemoryUse(of: [serving] + kept + leaving) }

    func isKept(_ number: Int) -> Bool { kept.contains { $0.number == number } }

    /// - Parameter number: `nil` for the generation that served last.
    func kept(_ number: Int?) throws(SwapError) -> Generation {
        let found = number.map { number in kept.first { $0.number == number } } ?? kept.first
        guard let found else {
            let numbers = kept.map { String($0.number) }.joined(separator: ", ")
            throw SwapError(
                .request, .notKept,
                (number.map { "generation \($0) is not kept" } ?? "no generation is kept")
                    + (kept.isEmpty ? "; see swap.keep_generations" : "; there are \(numbers)"))
        }
        return found
    }

    /// - Returns: the number of the generation that served.
    mutating func serve(_ generation: Generation) -> Int {
        let previous = serving
        serving = generation
        lastNumber = max(lastNumber, generation.number)
        kept.removeAll { $0 === generation }
        kept.insert(previous, at: 0)
        leaving += kept.dropFirst(keeping)
        kept = Array(kept.prefix(keeping))
        return previous.number
    }

    mutating func takeWaits(where isOver: (Int) -> Bool) -> [DrainWait] {
        let over = waits.filter { isOver($0.generation) }
        waits.removeAll { isOver($0.generation) }
        return over
    }

    /// The leaving generations that nobody holds, for the caller to let go of, which may take a
    /// while; and the memory of theirs that no other generation uses.
    mutating func takeReleased(
        where isFree: (Int) -> Bool
    ) -> (generations: [Generation], use: MemoryUse) {
        let free = leaving.filter { isFree($0.number) }
        guard !free.isEmpty else { return ([], MemoryUse()) }
        leaving.removeAll { isFree($0.number) }
        let use = MemoryUse(of: free, without: [serving] + kept + leaving)
        returned.privateBytes += use.privateBytes
        returned.mappedBytes += use.mappedBytes
        return (free, use)
    }

    func status(_ holders: [Holder]) -> [GenerationStatus] {
        let all = [serving] + (kept + leaving).sorted { $0.number > $1.number }
        return all.map { generation in
            GenerationStatus(
                generation,
                state: generation === serving
                    ? .serving : isKept(generation.number) ? .kept : .draining,
                holders: holders.filter { $0.generation == generation.number },
                ownUse: MemoryUse(of: [generation], without: all.filter { $0 !== generation }))
        }
    }
}
