import Checkpoints
import Foundation
import PluginHost
import Stages
import Synchronization
import Tensors
import TestSupport
import Testing

/// What holds for every scheduler that this build offers.
@Suite struct AllSchedulersTests {
    /// But for echo, which is no solver.
    static let names = Result {
        try host.get().offers().filter { $0.kind == .scheduler && $0.name != "echo" }.map(\.name)
    }

    /// None is forgotten: the parity tests, the known runs and the tests below see all of them.
    @Test func thereAreAllThatWereAskedFor() throws {
        #expect(
            Set(try Self.names.get()) == [
                "ddim", "ddim_inverse", "ddpm", "deis", "dpm2", "dpm2_a", "dpmpp_2m",
                "dpmpp_2m_inverse", "dpmpp_2m_sde", "dpmpp_2s", "dpmpp_2s_a", "dpmpp_3m_sde",
                "dpmpp_sde", "euler", "euler_a", "heun", "ipndm", "lcm", "lms", "pndm",
                "sa_solver", "tcd", "unipc",
            ])
        #expect(Set(try Self.names.get()) == SchedulerTests.schedulers)
    }

    @Test(arguments: try names.get())
    func keepsItsWordAndKnowsARun(_ name: String) throws {
        let stage = try makeScheduler(name, .stableDiffusion())
        try StageChecks.run(stage)
        let summary = type(of: stage).summary
        #expect(!summary.title.isEmpty && !summary.citation.isEmpty && summary.order >= 1)
        #expect(summary.knownRun?.result.count == 8)
    }

    /// The summary says whether noise is drawn, so that people know what a seed decides.
    @Test(arguments: try names.get())
    func drawsNoiseAsItsSummarySays(_ name: String) throws {
        let stage = try makeScheduler(name, .stableDiffusion())
        var noise = TorchGenerator(seed: 3)
        let first = noise.nextUInt64()
        noise = TorchGenerator(seed: 3)
        _ = try run(stage, steps: 4, noise: &noise)
        let next = noise.nextUInt64()
        switch type(of: stage).summary.noise {
        case .never: #expect(next == first)
        case .everyStep: #expect(next != first)
        case .optional: break
        }
    }

    /// Two hundred threads, each with trajectories of its own of every plan, at once.
    @Test func twoHundredThreadsShareThePlans() throws {
        let names = try Self.names.get()
        let plans = try names.map { try makeScheduler($0, .stableDiffusion()) }
        let threads = 200
        @Sendable func results(_ thread: Int) throws -> [[Float]] {
            try plans.indices.map { offset in
                // Each begins with another plan, so that all plans are in use at any time.
                let plan = plans[(thread + offset) % plans.count]
                var noise = TorchGenerator(seed: UInt64(thread))
                return try run(plan, steps: 4 + thread % 3, noise: &noise)
            }
        }
        let alone = try (0..<threads).map(results)
        let together = Mutex<[Int: [[Float]]]>([:])
        let gate = DispatchSemaphore(value: 0)
        let ended = DispatchGroup()
        for thread in 0..<threads {
            ended.enter()
            Thread.detachNewThread {
                gate.wait()
                let own = try? results(thread)
                together.withLock { $0[thread] = own }
                ended.leave()
            }
        }
        for _ in 0..<threads { gate.signal() }
        ended.wait()
        for thread in 0..<threads {
            #expect(together.withLock { $0[thread] } == alone[thread])
        }
    }

    /// A whole trajectory of a small sample.
    private func run(
        _ stage: any Scheduler, steps: Int, noise: inout TorchGenerator
    ) throws -> [Float] {
        // PNDM's Runge-Kutta start takes four steps.
        var trajectory = try stage.trajectory(steps: steps)
        let start = Tensor([1, 2, 2, 4], (0..<16).map { Float($0) / 8 - 1 })
        var sample = start.scaled(by: trajectory.initialNoiseScale)
        for call in trajectory.timesteps.indices {
            let seen = trajectory.modelInput(sample, call: call)
            let output = Tensor(seen.shape, seen.values.map(sin))
            sample = trajectory.step(sample, output: output, call: call, noise: &noise)
        }
        return sample.values
    }
}
