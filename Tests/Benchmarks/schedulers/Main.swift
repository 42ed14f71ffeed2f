import Checkpoints
import Foundation
import PluginHost
import Stages
import Tensors

/// `schedulers [CHECKOUT]`: what every scheduler of a checkout's release build takes: its self-test,
/// a plan and a step of a Stable Diffusion latent; and whether the self-test keeps its 50 ms.
@main
enum Main {
    private static let allowed = 0.05

    static func main() throws {
        let here = FileManager.default.currentDirectoryPath
        let checkout = CommandLine.arguments.dropFirst().first ?? here + "/../.."
        let state = FileManager.default.temporaryDirectory
            .appending(path: "voken-bench-state-\(getuid())").path
        let host = try PluginHost(
            .init(directories: [checkout + "/.build/release"], stateDirectory: state))
        let names = host.offers().filter { $0.kind == .scheduler }.map(\.name).sorted()
        print("                     self-test   plan of 20   step of 4x64x64")
        var slowest = 0.0
        for name in names where name != "echo" {
            let context = StageContext(
                model: nil, settings: Settings(.stableDiffusion()))
            let loaded = try host.load(
                StageOrder(.scheduler, plugin: name, context))
            guard let scheduler = loaded.stage as? any Scheduler else { continue }
            let check = try median { try StageChecks.run(scheduler) }
            let plan = try median { _ = try scheduler.trajectory(steps: 20) }
            slowest = max(slowest, check)
            print(
                name.padding(toLength: 20, withPad: " ", startingAt: 0)
                    + [check, plan, try step(scheduler)]
                    .map { String(format: "%8.3f ms", $0 * 1e3) }.joined(separator: "  "))
        }
        print(
            String(format: "slowest self-test %.2f ms: ", slowest * 1e3)
                + (slowest <= allowed ? "within 50 ms" : "OVER 50 ms"))
        exit(slowest <= allowed ? 0 : 1)
    }

    /// The seconds of one call's share of a run of twenty steps.
    private static func step(_ scheduler: any Scheduler) throws -> Double {
        var generator = TorchGenerator(seed: 1)
        let start = generator.normal([1, 64, 64, 4])
        let output = generator.normal([1, 64, 64, 4])
        var calls = 1
        let run = try median {
            var trajectory = try scheduler.trajectory(steps: 20)
            var noise = TorchGenerator(seed: 2)
            var sample = start.scaled(by: trajectory.initialNoiseScale)
            calls = trajectory.timesteps.count
            for call in 0..<calls {
                _ = trajectory.modelInput(sample, call: call)
                sample = trajectory.step(sample, output: output, call: call, noise: &noise)
            }
        }
        return run / Double(calls)
    }
}

/// Seconds of the median of at least nine calls, and of as many as fit into a fifth of a second.
private func median(_ body: () throws -> Void) throws -> Double {
    try body()
    let clock = ContinuousClock()
    var times: [Double] = []
    let end = clock.now + .seconds(0.2)
    while clock.now < end || times.count < 9 {
        times.append(try clock.measure(body) / .seconds(1))
    }
    return times.sorted()[times.count / 2]
}
