/// Which places of an arena are taken, in lines of 64 bytes: best fit (Knuth, The Art of Computer
/// Programming, vol. 1, §2.5), with neighbouring gaps made one.
///
/// The same requests in the same order get the same places, so that an arena of the ``extent`` that
/// a rehearsal has found has room for the performance.
struct ArenaLayout {
    private struct Gap {
        var first: Int
        var count: Int
        var end: Int { first + count }
    }

    /// By their places; none touches another, nor the end of what is taken.
    private var gaps: [Gap] = []
    /// Behind the last line that is taken.
    private var end = 0
    /// Lines in all.
    let capacity: Int
    /// Lines that are taken.
    private(set) var taken = 0
    /// The most lines that were taken at once.
    private(set) var peak = 0
    /// The most that were needed: the peak, and what lay waste between.
    private(set) var extent = 0

    init(capacity: Int) { self.capacity = capacity }

    /// - Returns: the first of so many lines; `nil` if there is no room.
    mutating func take(_ count: Int) -> Int? {
        var best: Int?
        for index in gaps.indices where gaps[index].count >= count {
            if best.map({ gaps[index].count < gaps[$0].count }) ?? true { best = index }
        }
        let first: Int
        if let best {
            first = gaps[best].first
            if gaps[best].count == count {
                gaps.remove(at: best)
            } else {
                gaps[best].first += count
                gaps[best].count -= count
            }
        } else {
            guard count <= capacity - end else { return nil }
            first = end
            end += count
            extent = max(extent, end)
        }
        taken += count
        peak = max(peak, taken)
        return first
    }

    /// Gives lines back that were taken together.
    mutating func give(_ first: Int, _ count: Int) {
        taken -= count
        var gap = Gap(first: first, count: count)
        let behind = gaps.firstIndex { $0.first > first } ?? gaps.count
        if behind < gaps.count, gaps[behind].first == gap.end {
            gap.count += gaps.remove(at: behind).count
        }
        if behind > 0, gaps[behind - 1].end == first {
            gap = Gap(first: gaps[behind - 1].first, count: gaps[behind - 1].count + gap.count)
            gaps.remove(at: behind - 1)
        }
        if gap.end == end {
            end = gap.first
        } else {
            gaps.insert(gap, at: gaps.firstIndex { $0.first > gap.first } ?? gaps.count)
        }
    }
}
