import ArgumentParser
import Benchmarking
import Dispatch
import Glibc
import Pipelines
import Stories

/// `voken bench`: how fast the stages are on this machine, and how near its limits.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the stages, and how near they come to what the machine can do.",
        discussion: """
            Measures each stage of a pipeline, or of random weights of a geometry: calls it until \
            the median is known to 2 %, or the time is over. Nothing else should run meanwhile.

            Stages: \(BenchmarkStage.allCases.map(\.rawValue).joined(separator: ", ")).
            """)

    @OptionGroup var subject: BenchSubject

    @Option(help: "Only these stages, with commas between them.")
    var stages: String?

    @Option(
        help: ArgumentHelp(
            "Single operations instead, in --type: gemm:MxNxK, conv:BxHxWxIxO, attention:HxQxKxD.",
            valueName: "kernels"))
    var kernels: String?

    @Option(help: "Threads of an operation (default: one a CPU).")
    var threads: Int?

    @Option(help: "Positions of the prompt that is prefilled, and that decoding goes on after.")
    var prompt = 128

    @Option(
        help: ArgumentHelp(
            "Sizes of a whole answer: positions of the prompt, pictures in, tokens, steps.",
            valueName: "P,I,T,S"))
    var answer = "300,2,30,50"

    @Option(help: "The time for the calls of one stage: 500ms, 60s, 5m.")
    var timeLimit = "60s"

    @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Compare with what --json wrote before.", valueName: "file"))
    var compare: String?

    @Flag(
        help: """
            Measure one stage on demand: for each line "repeat N" on standard input, call it so \
            often and print the seconds of one call; for "probe", the machine's rates.
            """)
    var onDemand = false

    func validate() throws {
        _ = try items()
        _ = try sizes()
        try subject.validate(forKernels: kernels != nil)
        guard (1...256).contains(threads ?? 1) else {
            throw ValidationError("--threads is from 1 to 256, not \(threads ?? 0)")
        }
        if try parseDuration(timeLimit) <= .zero {
            throw ValidationError("--time-limit must be longer than nothing")
        }
        if onDemand {
            guard try items().count == 1 else {
                throw ValidationError("--on-demand measures one stage: choose it with --stages")
            }
            guard json == nil, compare == nil else {
                throw ValidationError("--on-demand only prints seconds: leave the files out")
            }
        }
    }

    func run() throws {
        let earlier = try compare.map(earlierReport)
        let progress = BenchProgress()
        let stop = StopFlag()
        let signals = onDemand ? nil : interrupts(raising: stop)
        defer { signals?.cancel() }
        do {
            let benchmark = try Benchmark(
                try subject.source(forKernels: kernels != nil), sizes: try sizes(),
                threads: threads,
                limit: try parseDuration(timeLimit) / .seconds(1), stop: stop,
                tell: progress.show)
            guard !onDemand else {
                return try answerDemands(benchmark, try items()[0])
            }
            let report = try benchmark.run(try items(), program: vokenVersion)
            progress.clear()
            print(report, beside: earlier)
            if let json { try writeFile(Array((Stories.json(report) + "\n").utf8), to: json) }
            if report.isInterrupted { throw Failure.cancelled("interrupted") }
        } catch let failure as Failure {
            throw failure
        } catch let error as PipelineError {
            progress.clear()
            throw Failure.pipeline(error.description)
        } catch {
            progress.clear()
            throw Failure.failed("\(error)")
        }
    }

    private func items() throws -> [BenchmarkItem] {
        guard let kernels else { return try chosenStages().map(BenchmarkItem.stage) }
        guard stages == nil else {
            throw ValidationError("--kernels and --stages exclude each other")
        }
        return try words(kernels).map { word in
            guard let kernel = BenchmarkKernel(word) else {
                throw ValidationError(
                    "\"\(word)\" is none of gemm:MxNxK, conv:BxHxWxIxO, attention:HxQxKxD")
            }
            return .kernel(kernel)
        }
    }

    private func chosenStages() throws -> [BenchmarkStage] {
        guard let stages else { return BenchmarkStage.allCases }
        let chosen = try words(stages).map { word in
            guard let stage = BenchmarkStage(rawValue: word) else {
                let known = BenchmarkStage.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("\"\(word)\" is not one of the stages \(known)")
            }
            return stage
        }
        return BenchmarkStage.allCases.filter(chosen.contains)
    }

    private func sizes() throws -> BenchmarkSizes {
        var sizes = BenchmarkSizes()
        guard (1...65_536).contains(prompt) else {
            throw ValidationError("--prompt is from 1 to 65536, not \(prompt)")
        }
        sizes.prompt = prompt
        let numbers = words(answer).map { Int($0) ?? -1 }
        guard numbers.count == 4, numbers[0] > 0, numbers[1] >= 0, numbers[2] >= 0,
            (1...1000).contains(numbers[3]), numbers.allSatisfy({ $0 <= 65_536 })
        else {
            throw ValidationError(
                "--answer takes four numbers (prompt, pictures, tokens, steps), like 300,2,30,50, "
                    + "not \"\(answer)\"")
        }
        sizes.answer.prompt = numbers[0]
        sizes.answer.pictures = numbers[1]
        sizes.answer.tokens = numbers[2]
        sizes.answer.steps = numbers[3]
        return sizes
    }

    private func print(_ report: BenchmarkReport, beside earlier: BenchmarkReport?) {
        var text = BenchmarkTable.header(report) + "\n\n"
        if !report.results.isEmpty { text += table(BenchmarkTable.rows(report.results)) }
        let remarks = BenchmarkTable.remarks(report)
        if !remarks.isEmpty { text += "\n" + remarks.map { $0 + "\n" }.joined() }
        if let earlier {
            let comparison = BenchmarkComparison(report, then: earlier)
            text += "\n" + BenchmarkComparison.machines(report, earlier) + "\n\n"
            if !comparison.rows.isEmpty { text += table(comparison.table) }
            for stage in comparison.unmatched { text += "\(stage) was not measured then\n" }
            for remark in comparison.remarks { text += "\(remark)\n" }
        }
        Stories.write(text, to: 1)
    }

    private func earlierReport(_ path: String) throws -> BenchmarkReport {
        let bytes = try readFile(path, limit: 16 << 20)
        do { return try BenchmarkReport(json: bytes) } catch {
            throw Failure.failed("\(path): \(error)")
        }
    }

    /// The first Ctrl-C ends the run with what there is, a second one at once.
    private func interrupts(raising stop: StopFlag) -> any DispatchSourceSignal {
        signal(SIGINT, SIG_IGN)  // the source hears of it all the same
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler {
            if stop.isRaised { _exit(130) }
            stop.raise()
        }
        source.resume()
        return source
    }
}

/// The parts of a list with commas.
func words(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        String(part.drop { $0 == " " })
    }
}
