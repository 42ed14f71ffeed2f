import Foundation
import Pipelines
import PluginHost
import Stages
import Synchronization

/// Runs jobs on the pocket model, on engines with other settings.
struct Bench {
    struct Result {
        var jobsPerSecond = 0.0
        var unetCalls = 0
        var modelCalls = 0
    }

    private let checkout: String
    private let host: PluginHost
    private static let rounds = 5

    init(checkout: String) throws {
        self.checkout = checkout
        let state = FileManager.default.temporaryDirectory
            .appending(path: "voken-bench-state-\(getuid())").path
        host = try PluginHost(
            .init(directories: [checkout + "/.build/release"], stateDirectory: state))
    }

    /// A kind of jobs, on an engine with some keys of the pipeline file changed.
    struct Case {
        var name: String
        var request: StoryRequest
        var changes: [String: String]

        static func stories(concurrency: Int, unetBatch: Int) -> Case {
            Case(
                name: "concurrency \(concurrency), unet_batch \(unetBatch)",
                request: StoryRequest(
                    prompt: "Mia the rabbit found a blue ball.", scenes: 2, steps: 10),
                changes: [
                    "concurrency = 4": "concurrency = \(concurrency)",
                    "unet_batch = 4": "unet_batch = \(unetBatch)",
                ])
        }

        static func texts(concurrency: Int) -> Case {
            Case(
                name: "concurrency \(concurrency)",
                request: StoryRequest(
                    prompt: "Mia the rabbit found a blue ball.", scenes: 3, steps: 1),
                changes: [
                    "concurrency = 4": "concurrency = \(concurrency)",
                    "force_generation = true": "force_generation = false",
                ])
        }
    }

    /// The best of a few runs of eight jobs, in rounds: other work on the machine only ever adds to
    /// the time, and comes and goes.
    func best(of cases: [Case]) throws -> [Result] {
        let generations = try cases.map { try generation($0.changes) }
        var best = cases.map { _ in Result() }
        for _ in 0..<Self.rounds {
            for (index, one) in cases.enumerated() {
                let result = try run(one.request, generations[index])
                if result.jobsPerSecond > best[index].jobsPerSecond { best[index] = result }
            }
        }
        return best
    }

    private func run(_ request: StoryRequest, _ generation: Generation) throws -> Result {
        let engine = Engine(generation)
        defer { engine.shutdown(grace: .zero) }
        let start = ContinuousClock.now
        let ended = DispatchSemaphore(value: 0)
        for number in 0..<8 {
            var request = request
            request.seed = UInt64(number)
            _ = try engine.submit(request) { event in
                switch event {
                case .finished, .failed: ended.signal()
                default: break
                }
            }
        }
        for _ in 0..<8 { ended.wait() }
        return Result(
            jobsPerSecond: 8 / ((ContinuousClock.now - start) / .seconds(1)),
            unetCalls: engine.stageCounters[.unet]?.calls ?? 0,
            modelCalls: engine.stageCounters[.languageModel]?.calls ?? 0)
    }

    /// Microseconds of a submission, early and late: nothing gets slower with the queue.
    func submissions() throws -> (first: Double, last: Double) {
        let engine = Engine(
            try generation([
                "queue = 64 ": "queue = 100_000 ", "jobs_per_user = 32": "jobs_per_user = 100_000",
                "concurrency = 4": "concurrency = 1",
            ]))
        defer { engine.shutdown(grace: .zero) }
        let held = DispatchSemaphore(value: 0)
        let opened = DispatchSemaphore(value: 0)
        let request = StoryRequest(prompt: "Mia the rabbit found a blue ball.", seed: 1)
        _ = try engine.submit(request) { event in
            if case .started = event {
                held.signal()
                opened.wait()
            }
        }
        held.wait()
        defer { opened.signal() }
        var times: [Double] = []
        for _ in 0..<10 {
            let start = ContinuousClock.now
            for _ in 0..<1000 { _ = try engine.submit(request) { _ in } }
            times.append((ContinuousClock.now - start) / .microseconds(1) / 1000)
        }
        return (times[0], times[9])
    }

    /// Milliseconds from a turn to the first text of its answer, and positions that were reused.
    func turn(cacheBytes: Int) throws -> (Double, Int) {
        let engine = Engine(
            try generation(["cache_bytes = 536_870_912": "cache_bytes = \(cacheBytes)"]))
        defer { engine.shutdown(grace: .zero) }
        let settings = SessionSettings(steps: 1, seed: 1)
        let user: UInt32 = 1
        _ = try engine.sessions.create(name: "bench", settings: settings, user: user)
        var times: [Double] = []
        var reused = 0
        for number in 0..<7 + Self.rounds {
            let text = number == 0 ? "Mia the rabbit found a blue ball." : ""
            let first = Mutex<ContinuousClock.Instant?>(nil)
            let ended = DispatchSemaphore(value: 0)
            let start = ContinuousClock.now
            let job = try engine.submit(
                TurnRequest(text: text), session: "bench", terms: JobTerms(user: user)
            ) { event in
                switch event {
                case .text: first.withLock { $0 = $0 ?? .now }
                case .finished, .failed: ended.signal()
                default: break
                }
            }
            ended.wait()
            if number >= 7 {
                let end = first.withLock { $0 } ?? .now
                times.append((end - start) / .milliseconds(1))
                reused = job.reusedPositions
                // The same turn again.
                _ = try engine.sessions.truncate("bench", turns: 7, user: user)
            }
        }
        return (times.min() ?? 0, reused)
    }

    private func generation(_ changes: [String: String]) throws -> Generation {
        let path = checkout + "/etc/pipelines/pocket.toml"
        var text = try String(contentsOfFile: path, encoding: .utf8)
        for (old, new) in changes { text = text.replacingOccurrences(of: old, with: new) }
        let file = try PipelineFile(text: text, path: path)
        return try Pipeline.load(file, host: host)
    }
}
