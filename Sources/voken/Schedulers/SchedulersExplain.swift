import ArgumentParser
import Pipelines
import Stages
import Stories

/// `voken schedulers explain`.
struct SchedulersExplain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what a scheduler is, which options are in force, and what its steps are.",
        discussion: """
              voken schedulers explain "DPM++ 2M Karras" --steps 20
              voken schedulers explain euler --steps 10 --set timestep_spacing=trailing
            """)

    @Argument(help: "A scheduler, by any of its names, or a plugin's file.")
    var name: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var chosen: SchedulerRun
    @OptionGroup var place: SchedulerPlace

    func run() throws {
        let catalog = try place.catalog()
        let (sample, trajectory) = try chosen.sample(name, in: catalog)
        let explanation = SchedulerExplanation(
            sample, trajectory, steps: chosen.steps, source: catalog.source)
        write(json ? Stories.json(explanation.report) + "\n" : explanation.text, to: 1)
    }
}

/// A scheduler and its run, for people and for programs.
private struct SchedulerExplanation {
    let sample: SchedulerSample
    let trajectory: any Trajectory
    let steps: Int
    let source: SchedulerCatalog.Source
    let noisyCalls: Int

    init(
        _ sample: SchedulerSample, _ trajectory: any Trajectory, steps: Int,
        source: SchedulerCatalog.Source
    ) {
        self.sample = sample
        self.trajectory = trajectory
        self.steps = steps
        self.source = source
        noisyCalls = sample.noisyCalls(of: trajectory)
    }

    private var calls: Int { trajectory.timesteps.count }

    // MARK: For people

    var text: String {
        let summary = sample.summary
        let citation = summary.citation.isEmpty ? "" : " (\(summary.citation))"
        let noise = noisyCalls == 0 ? "no noise" : "noise at \(noisyCalls) of them"
        return """
            \(sample.name)
            \(summary.title)\(citation)
            order \(summary.order), \(calls) calls of the model for \(steps) steps, \(noise)
            initial noise times \(brief(Double(trajectory.initialNoiseScale)))
            \(sample.plugin)

            \(optionsText)
            \(callsText)
            """
    }

    private var optionsText: String {
        let rows = sample.options.map { option in
            let value = option.value == .null ? "–" : option.value.literal
            let isOther = option.value != option.fallback && option.fallback != .null
            let fallback = isOther ? "default \(option.fallback.literal)" : ""
            let origin = option.origin == .byDefault ? "" : remark(option.origin)
            return [
                "  " + option.key, value,
                [origin, fallback].filter { !$0.isEmpty }.joined(separator: ", "),
            ]
        }
        return "options\n" + table(rows)
    }

    private func remark(_ origin: SchedulerSample.Option.Origin) -> String {
        switch origin {
        case .byDefault: ""
        case .model: "the model folder's"
        case .stableDiffusion: "Stable Diffusion's"
        case .name: "by name"
        case .user: if case .pipeline = source { "set, or the pipeline's" } else { "set" }
        }
    }

    private var callsText: String {
        var rows = [["  call", "timestep", "sigma"]]
        for (call, timestep) in trajectory.timesteps.enumerated() {
            rows.append(["  \(call)", brief(Double(timestep)), sigma(call)])
        }
        if trajectory.sigmas.count > calls { rows.append(["  end", "", sigma(calls)]) }
        return table(rows)
    }

    private func sigma(_ call: Int) -> String {
        call < trajectory.sigmas.count ? brief(trajectory.sigmas[call]) : ""
    }

    // MARK: For programs

    var report: Report {
        Report(
            name: sample.name, stage: sample.descriptor.name, version: sample.descriptor.version,
            title: sample.summary.title, citation: sample.summary.citation,
            noise: sample.summary.noise.rawValue, plugin: sample.plugin,
            order: sample.summary.order, steps: steps, calls: calls, noisy_calls: noisyCalls,
            initial_noise_scale: trajectory.initialNoiseScale,
            options: Dictionary(
                uniqueKeysWithValues: sample.options.map { ($0.key, Report.Option($0)) }),
            timesteps: trajectory.timesteps, sigmas: finite(trajectory.sigmas))
    }

    struct Report: Encodable {
        struct Option: Encodable {
            let value, `default`: SettingReport
            let origin: String

            init(_ option: SchedulerSample.Option) {
                value = SettingReport(value: option.value)
                `default` = SettingReport(value: option.fallback)
                origin = option.origin.rawValue
            }
        }

        let name, stage, version, title, citation, noise, plugin: String
        let order, steps, calls, noisy_calls: Int
        let initial_noise_scale: Float
        let options: [String: Option]
        let timesteps: [Float]
        let sigmas: [Double?]
    }
}

/// JSON has no infinity: `null` stands for it.
func finite(_ numbers: [Double]) -> [Double?] { numbers.map { $0.isFinite ? $0 : nil } }
