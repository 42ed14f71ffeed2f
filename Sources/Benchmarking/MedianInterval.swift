import Glibc

/// The median of some times, and how well it is known.
struct MedianInterval: Equatable {
    let median, low, high: Double

    /// The interval holds the true median with a probability of at least 95 %, whatever the
    /// distribution: it reaches from the k-th smallest to the k-th largest sample, with the largest k
    /// for which a binomial variable of n trials at 1/2 is below k with at most 2.5 % (Conover, 1999,
    /// "Practical Nonparametric Statistics", §3.2). `nil` for fewer than six samples, which no such
    /// interval exists for.
    init?(_ samples: [Double]) {
        let sorted = samples.sorted()
        guard let rank = Self.rank(of: sorted.count) else { return nil }
        median = Self.median(sorted: sorted)
        low = sorted[rank - 1]
        high = sorted[sorted.count - rank]
    }

    /// Half the interval's width as a share of the median.
    var spread: Double { (high - low) / 2 / median }

    static func median(_ samples: [Double]) -> Double { median(sorted: samples.sorted()) }

    private static func median(sorted: [Double]) -> Double {
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2)
            ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// k, from 1.
    static func rank(of count: Int) -> Int? {
        let n = Double(count)
        var (rank, tail) = (0, 0.0)
        while rank < count {
            // The probability of exactly `rank` successes.
            let logarithm =
                lgamma(n + 1) - lgamma(Double(rank) + 1) - lgamma(n - Double(rank) + 1)
                - n * log(2.0)
            tail += exp(logarithm)
            guard tail <= 0.025 else { break }
            rank += 1
        }
        return rank == 0 ? nil : rank
    }
}
