import FoundationEssentials

/// What was measured of one stage.
public struct BenchmarkResult: Codable, Sendable, Equatable {
    /// The name of a ``BenchmarkItem``.
    public let stage: String
    /// How the weights are stored.
    public let type: String
    /// Seconds of the median call.
    public let seconds: Double
    /// The 95 % interval of the median; `nil` with fewer than six calls.
    public let low, high: Double?
    public let runs: Int
    /// Whether the interval is narrow enough.
    public let isStable: Bool
    /// What a call brings.
    public let items: Double
    public let unit: String
    /// Of one call, by count; `nil` for a stage whose sizes are not known.
    public let operations: Double?
    /// Of weights, cached keys and cached values that one call reads, by count.
    public let bytes: Double?
    /// What the machine gives to the arithmetic of this type, in operations a second; `nil` where
    /// types are mixed.
    public let peakOperations: Double?
    /// Bytes a second that the machine reads.
    public let peakRead: Double
    /// The most bytes of memory that were resident, from making the stage on.
    public let peakResident: Int
    /// Of one call, on the average.
    public let minorFaults, majorFaults: Double
    /// Of the machine's CPU time during the calls, what this process did not use.
    public let takenByOthers: Double
    public let before, after: MachineRates
    /// Why the figures should be taken again.
    public let doubts: [String]

    enum CodingKeys: String, CodingKey {
        case stage, type, seconds, low, high, runs, items, unit, operations, bytes, before, after
        case doubts
        case isStable = "is_stable"
        case peakOperations = "peak_operations_per_second"
        case peakRead = "peak_read_bytes_per_second"
        case peakResident = "peak_resident_bytes"
        case minorFaults = "minor_faults"
        case majorFaults = "major_faults"
        case takenByOthers = "taken_by_others"
    }

    public var operationRate: Double? { operations.map { $0 / seconds } }
    public var readRate: Double? { bytes.map { $0 / seconds } }
    /// Of the machine's peak.
    public var operationShare: Double? {
        guard let operationRate, let peakOperations else { return nil }
        return operationRate / peakOperations
    }
    public var readShare: Double? { readRate.map { $0 / peakRead } }
    public var isReliable: Bool { doubts.isEmpty }
}

/// What one run of the benchmark has found.
public struct BenchmarkReport: Codable, Sendable, Equatable {
    /// The version of this format.
    public var format = 1
    /// What was measured, as people call it.
    public let source: String
    public let program: String
    /// Of the beginning, in UTC.
    public let date: String
    public let cpu: String
    public let threads: Int
    /// The kernels' path.
    public let arithmetic: String
    /// At the beginning.
    public let rates: MachineRates
    public var results: [BenchmarkResult] = []
    /// Whether it was stopped before its end.
    public var isInterrupted = false

    enum CodingKeys: String, CodingKey {
        case format, source, program, date, cpu, threads, arithmetic, rates, results
        case isInterrupted = "is_interrupted"
    }
}

extension BenchmarkReport {
    /// - Parameter json: what a report was written as.
    public init(json: [UInt8]) throws {
        do { self = try JSONDecoder().decode(Self.self, from: Data(json)) } catch {
            throw BenchmarkError("not a report of voken bench (\(error))")
        }
        guard format == 1 else {
            throw BenchmarkError("a report of format \(format), where this program reads format 1")
        }
    }
}
