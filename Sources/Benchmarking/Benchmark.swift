import Glibc
import Stages
import Synchronization
import Tensors

/// Measures stages one after the other.
public final class Benchmark {
    /// News for people who wait.
    public enum Event: Sendable {
        case probing
        case making(BenchmarkItem)
        /// Calls so far, and the seconds that they took.
        case running(BenchmarkItem, runs: Int, seconds: Double)
        case finished(BenchmarkResult)
    }

    private let maker: StageMaker
    private let sizes: BenchmarkSizes
    private let limit: Double
    private let threads: Int
    private let stop: StopFlag
    private let tell: (Event) -> Void

    /// - Parameters:
    ///   - threads: of an operation; `nil` for one a CPU.
    ///   - limit: seconds for the calls of one stage.
    ///   - tell: told of what goes on.
    public init(
        _ source: StageSource, sizes: BenchmarkSizes, threads: Int?, limit: Double, stop: StopFlag,
        tell: @escaping (Event) -> Void
    ) throws {
        let count = threads ?? max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)
        ThreadPool.configure(threads: count)
        self.threads = count
        maker = try StageMaker(source)
        self.sizes = sizes
        self.limit = limit
        self.stop = stop
        self.tell = tell
    }

    /// Ends early, with what there is, if it is told to stop.
    public func run(_ items: [BenchmarkItem], program: String) throws -> BenchmarkReport {
        tell(.probing)
        var rates = try MachineRates.measure(threads: threads)
        var report = BenchmarkReport(
            source: maker.source.name, program: program, date: now(), cpu: cpuName(),
            threads: threads, arithmetic: arithmeticName, rates: rates)
        for item in items {
            do {
                try check()
                let result = try measure(item, before: rates)
                rates = result.after
                report.results.append(result)
                tell(.finished(result))
            } catch is Interrupted {
                report.isInterrupted = true
                return report
            }
        }
        return report
    }

    /// Makes a stage, warms it up, and calls it as often as it is told to.
    /// - Parameter next: gets the seconds of a call, on the average, `nil` before the first ones;
    ///   says how many calls follow, 0 for the end.
    public func calls(of item: BenchmarkItem, _ next: (Double?) throws -> Int) throws {
        let exercise = try exercise(item)
        if item.isBrief { try exercise.call() }
        var count = try next(nil)
        while count > 0 {
            let time = try seconds { for _ in 0..<count { try exercise.call() } }
            count = try next(time / Double(count))
        }
    }

    /// The machine, as it is now.
    public func rates() throws -> MachineRates { try MachineRates.measure(threads: threads) }

    private func exercise(_ item: BenchmarkItem) throws -> Exercise {
        tell(.making(item))
        let maker = ExerciseMaker(maker: maker, sizes: sizes)
        return switch item {
        case .stage(let stage): try maker.make(stage, check: check)
        case .kernel(let kernel): try maker.make(kernel, in: self.maker.source.kernelType)
        }
    }

    private func check() throws { if stop.isRaised { throw Interrupted() } }

    private func measure(
        _ item: BenchmarkItem, before: MachineRates
    ) throws -> BenchmarkResult {
        ProcessMemory.resetPeak()
        let exercise = try exercise(item)
        let first = item.isBrief ? try seconds(exercise.call) : nil
        var measurement = Measurement(limit: limit, first: first)
        let start = Usage.now
        repeat {
            try check()
            tell(.running(item, runs: measurement.runs, seconds: measurement.total))
            measurement.add(
                try seconds { for _ in 0..<measurement.calls { try exercise.call() } })
        } while !measurement.isOver
        let used = Usage.now - start
        let peak = ProcessMemory.peak
        tell(.probing)
        let after = try MachineRates.measure(threads: threads)
        return BenchmarkResult(
            item, exercise, measurement, used, peakResident: peak, before: before, after: after)
    }
}

/// Raised once, by anybody, to end a benchmark.
public final class StopFlag: Sendable {
    private let raised = Atomic(false)

    public init() {}

    public var isRaised: Bool { raised.load(ordering: .relaxed) }

    public func raise() { raised.store(true, ordering: .relaxed) }
}

extension BenchmarkResult {
    init(
        _ item: BenchmarkItem, _ exercise: Exercise, _ measurement: Measurement,
        _ used: Usage.Difference,
        peakResident: Int, before: MachineRates, after: MachineRates
    ) {
        let samples = measurement.samples
        let interval = MedianInterval(samples)
        let arithmetic = PeakArithmetic(of: exercise.type)
        let isMixed = item == .stage(.answer)
        let isStable = interval.map { $0.spread <= Measurement.spread } ?? false
        let width = PeakArithmetic.width(of: exercise.type)
        var doubts = MachineRates.differences(before, after)
        if used.others > MachineRates.tolerableOthers {
            doubts.append(
                "other programs took \(Int((used.others * 100).rounded())) % of the CPU time")
        }
        self.init(
            stage: item.name, type: exercise.type, seconds: MedianInterval.median(samples),
            low: interval?.low, high: interval?.high, runs: measurement.runs, isStable: isStable,
            items: exercise.items, unit: exercise.unit, operations: exercise.work?.operations,
            bytes: isMixed ? nil : exercise.work.map { $0.weights * width + $0.cached * 4 },
            peakOperations: isMixed
                ? nil : max(before.operations(arithmetic), after.operations(arithmetic)) * 1e9,
            peakRead: max(before.read, after.read) * 1e9, peakResident: peakResident,
            minorFaults: Double(used.minorFaults) / Double(measurement.runs),
            majorFaults: Double(used.majorFaults) / Double(measurement.runs),
            takenByOthers: used.others, before: before, after: after, doubts: doubts)
    }
}

private func now() -> String {
    var seconds = time(nil)
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = unsafe [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map(two)
    let time = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map(two)
    return date.joined(separator: "-") + "T" + time.joined(separator: ":") + "Z"
}

/// As the kernel calls it.
private func cpuName() -> String {
    for line in lines(of: "/proc/cpuinfo") where line.hasPrefix("model name") {
        if let name = line.split(separator: ":", maxSplits: 1).last {
            return String(name.drop { $0 == " " })
        }
    }
    return "unknown"
}
