import ArgumentParser
import Checkpoints
import Pipelines
import Stories

/// `voken schedulers trace`: for whoever wants to check a scheduler against another program's.
struct SchedulersTrace: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Run a scheduler on a model's recorded outputs, and record every sample.",
        discussion: """
            Files of tensors are safetensors. OUTPUTS holds the model's outputs 0000, 0001, … one \
            for each call, in the shape of the sample. TRACE receives timesteps, sigmas where the \
            scheduler says them, and the sample after each call, 0000, 0001, …

            Where an algorithm draws noise, it comes from torch's CPU generator, in the shape of \
            the sample, in the order of the calls. With --shape the same generator has drawn the \
            initial sample before.

              voken schedulers trace --config scheduler_config.json --steps 20 \
            --sample sample.safetensors --outputs outputs.safetensors --trace trace.safetensors
            """)

    @Option(
        help: ArgumentHelp(
            """
            diffusers' scheduler_config.json: _class_name and options, run-time ones (eta, s_churn, \
            timesteps, …) among them.
            """, valueName: "file"))
    var config: String

    @Option(
        help: ArgumentHelp(
            "A scheduler, or a plugin's file, in place of the file's _class_name.",
            valueName: "name"))
    var scheduler: String?

    @Option(help: "As generate counts them; the model may have been called more often.")
    var steps: Int

    @Option(
        help: ArgumentHelp(
            "Holds the tensor sample: the initial one, at the scale that the scheduler starts from.",
            valueName: "file"))
    var sample: String?

    @Option(
        help: ArgumentHelp(
            "Draw the initial sample in this shape: 1,4,64,64.", valueName: "extents"),
        transform: parseShape)
    var shape: [Int]?

    @Option(help: "Of the noise.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("The model's outputs.", valueName: "file"))
    var outputs: String

    @Option(help: ArgumentHelp("Written when it is complete.", valueName: "file"))
    var trace: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (sample == nil) != (shape == nil) else {
            throw ValidationError("give either --sample or --shape")
        }
    }

    func run() throws {
        do {
            let start: SchedulerTrace.Start
            if let sample { start = .sample(sample) } else { start = .shape(shape ?? []) }
            let run = try SchedulerTrace(
                SchedulerConfiguration(config, scheduler: scheduler.map(pluginName)), steps: steps,
                from: start,
                outputs: outputs, seed: seed)
            try run.write(to: trace)
            tell(run)
        } catch let error as RequestError {
            throw Failure(error)
        } catch let error as CheckpointError {
            throw Failure.failed(error.description)
        } catch let error as SettingError {
            throw Failure.usage("\(config): \(error)")
        } catch let error as PipelineError {
            throw Failure.failed(error.description)
        }
    }

    private func tell(_ run: SchedulerTrace) {
        if json {
            let report = Report(
                name: run.name, trace: trace, steps: steps, calls: run.calls,
                noisy_calls: run.noisyCalls, unused_outputs: run.unused)
            write(Stories.json(report) + "\n", to: 1)
            return
        }
        let noise = run.noisyCalls == 0 ? "" : ", noise at \(run.noisyCalls) of them"
        let unused = run.unused == 0 ? "" : "; \(run.unused) tensors of \(outputs) were not used"
        write("\(run.name): \(run.calls) calls\(noise), in \(trace)\(unused)\n", to: 1)
    }

    private struct Report: Encodable {
        let name, trace: String
        let steps, calls, noisy_calls, unused_outputs: Int
    }
}

/// `1,4,64,64`.
private func parseShape(_ text: String) throws -> [Int] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let extents = parts.compactMap { Int($0.trimmingPrefix(" ")) }
    guard extents.count == parts.count, extents.allSatisfy({ $0 > 0 }) else {
        throw ValidationError("\"\(text)\" is not a shape: 1,4,64,64")
    }
    return extents
}
