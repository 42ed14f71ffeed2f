/// How strips of columns are cut into pieces for the threads: each piece is an even share of what the
/// ones before it left (guided self-scheduling; Polychronopoulos and Kuck, 1987).
///
/// Long pieces read memory in long runs; short ones at the end let no thread wait long for another, be
/// it one that something else has held up.
struct QuantisedCut {
    private let strips: Int
    /// Of what is left a piece takes one part in so many.
    private let shares: Int
    /// Strips of a piece, the last one excepted, at least.
    private let least: Int
    let pieces: Int

    init(strips: Int, shares: Int, least: Int) {
        self.strips = strips
        self.shares = max(shares, 1)
        self.least = max(least, 1)
        var (pieces, left) = (0, strips)
        while left > 0 {
            left -= Self.size(left, self.shares, self.least)
            pieces += 1
        }
        self.pieces = pieces
    }

    subscript(piece: Int) -> Range<Int> {
        var start = 0
        for _ in 0..<piece { start += Self.size(strips - start, shares, least) }
        return start..<start + Self.size(strips - start, shares, least)
    }

    private static func size(_ left: Int, _ shares: Int, _ least: Int) -> Int {
        min(max((left + shares - 1) / shares, least), left)
    }
}
