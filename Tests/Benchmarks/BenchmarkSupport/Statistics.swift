/// Measurements of one thing.
public struct Distribution: Sendable {
    public private(set) var sorted: [Double]

    public init(_ values: [Double]) { sorted = values.sorted() }

    /// The smallest value that a share of all does not exceed.
    public func quantile(_ share: Double) -> Double {
        guard !sorted.isEmpty else { return .nan }
        let rank = (share * Double(sorted.count)).rounded(.up)
        return sorted[min(max(Int(rank) - 1, 0), sorted.count - 1)]
    }

    public func text(_ unit: String) -> String {
        "p50 \(number(quantile(0.5))) \(unit), p99 \(number(quantile(0.99))) \(unit), "
            + "max \(number(sorted.last ?? .nan)) \(unit), of \(sorted.count)"
    }
}

/// How much values grow from one to the next: the slope of the line of least squares.
public func slope(_ values: [Double]) -> Double {
    let middle = Double(values.count - 1) / 2
    let mean = values.reduce(0, +) / Double(values.count)
    var covariance = 0.0
    var variance = 0.0
    for (index, value) in values.enumerated() {
        let distance = Double(index) - middle
        covariance += distance * (value - mean)
        variance += distance * distance
    }
    return covariance / variance
}
