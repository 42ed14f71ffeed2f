/// Byte-pair merges (Sennrich et al., 2016, algorithm 1) over the ids of a word's symbols.
struct BytePairMerges: Sendable {
    private struct Pair: Hashable {
        let left: Int
        let right: Int
    }

    private struct Merge {
        let rank: Int
        let id: Int
    }

    private var merges: [Pair: Merge] = [:]

    /// - Parameters:
    ///   - pairs: of tokens; of a pair that is here twice the later place counts, as in
    ///     tokenizers.
    ///   - ids: of all tokens.
    ///   - file: for messages.
    init(
        _ pairs: [(left: String, right: String)], _ ids: [String: Int], file: String
    ) throws(TokenizerError) {
        func id(_ token: String) throws(TokenizerError) -> Int {
            if let id = ids[token] { return id }
            throw TokenizerError(
                .malformed, "\(file): the vocabulary lacks \(token), which the merges need")
        }
        merges.reserveCapacity(pairs.count)
        for (rank, pair) in pairs.enumerated() {
            merges[Pair(left: try id(pair.left), right: try id(pair.right))] = Merge(
                rank: rank, id: try id(pair.left + pair.right))
        }
    }

    /// Merges the pair of neighbours with the lowest rank, the leftmost of equals, until no pair
    /// is left that merges.
    ///
    /// Candidates wait in a heap, and one whose symbols have changed is passed over: n symbols
    /// take n log n steps however they merge, so that a long word is no attack.
    func merged(_ word: [Int]) -> [Int] {
        guard word.count > 1 else { return word }
        var symbols = word
        // Places of the neighbours; a symbol that was merged into its left one is -1.
        var next = Array(1...word.count)
        var previous = Array(-1..<word.count - 1)
        var candidates = MergeQueue()
        func consider(_ place: Int) {
            guard place >= 0, next[place] < word.count else { return }
            let pair = Pair(left: symbols[place], right: symbols[next[place]])
            if let merge = merges[pair] {
                candidates.insert(.init(rank: merge.rank, place: place, id: merge.id))
            }
        }
        for place in 0..<word.count - 1 { consider(place) }
        while let best = candidates.removeFirst() {
            let right = next[best.place]
            guard symbols[best.place] >= 0, right < word.count,
                merges[Pair(left: symbols[best.place], right: symbols[right])]?.id == best.id
            else { continue }
            symbols[best.place] = best.id
            symbols[right] = -1
            next[best.place] = next[right]
            if next[right] < word.count { previous[next[right]] = best.place }
            consider(previous[best.place])
            consider(best.place)
        }
        return symbols.filter { $0 >= 0 }
    }
}

/// Merges that may be made, the one of the lowest rank and then of the leftmost place first: a
/// binary heap (Williams, 1964).
private struct MergeQueue {
    struct Candidate {
        let rank: Int
        let place: Int
        let id: Int

        func precedes(_ other: Candidate) -> Bool { (rank, place) < (other.rank, other.place) }
    }

    private var heap: [Candidate] = []

    mutating func insert(_ candidate: Candidate) {
        var child = heap.count
        heap.append(candidate)
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() -> Candidate? {
        guard let last = heap.popLast() else { return nil }
        guard let first = heap.first else { return last }
        heap[0] = last
        var parent = 0
        while true {
            let children = (2 * parent + 1..<2 * parent + 3).prefix { $0 < heap.count }
            guard let child = children.min(by: { heap[$0].precedes(heap[$1]) }),
                heap[child].precedes(heap[parent])
            else { return first }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
