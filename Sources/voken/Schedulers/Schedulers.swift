import ArgumentParser
import Checkpoints
import Glibc
import Pipelines
import Stages

/// `voken schedulers`: which there are, and what each does.
struct Schedulers: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, explain, plot and trace schedulers; no daemon is asked.",
        discussion: """
            A scheduler goes by our name with suffixes, by diffusers' class, or by the label of \
            other programs' menus: dpmpp_2m+karras, DPMSolverMultistepScheduler, "DPM++ 2M Karras".

              voken schedulers
              voken schedulers explain "DPM++ 2M Karras" --steps 20
              voken schedulers plot euler euler+karras euler+ays --steps 10
            """,
        subcommands: [
            SchedulersList.self, SchedulersExplain.self, SchedulersPlot.self, SchedulersTrace.self,
        ],
        defaultSubcommand: SchedulersList.self)
}

/// Where a scheduler's options come from that nobody sets.
struct SchedulerPlace: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model folder with a scheduler_config.json (default: the betas of Stable Diffusion).",
            valueName: "folder"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "A pipeline file: its scheduler's options, model folder and plugin folders.",
            valueName: "file"))
    var pipeline: String?

    func validate() throws {
        guard model == nil || pipeline == nil else {
            throw ValidationError("--model and --pipeline both say where options come from")
        }
    }

    func catalog() throws -> SchedulerCatalog {
        let source: SchedulerCatalog.Source =
            if let model {
                .model(model)
            } else if let pipeline {
                .pipeline(pipeline)
            } else {
                .stableDiffusion
            }
        do {
            return try SchedulerCatalog(source)
        } catch {
            throw Failure.pipeline("\(error)")
        }
    }
}

/// A run that is only looked at.
struct SchedulerRun: ParsableArguments {
    @Option(help: "As generate counts them; the model may be called more often.")
    var steps = 20

    @Option(help: ArgumentHelp("An option of the scheduler; repeatable.", valueName: "key=value"))
    var set: [String] = []

    /// - Parameter name: in any dialect, or a plugin's file.
    func sample(
        _ name: String, in catalog: SchedulerCatalog
    ) throws -> (sample: SchedulerSample, trajectory: any Trajectory) {
        let options = try options(set)
        return try scheduling { () throws(RequestError) in
            let sample = try catalog.make(pluginName(name), options: options)
            return (sample, try sample.trajectory(steps: steps))
        }
    }
}

/// Turns what schedulers throw into how the command ends.
func scheduling<Value>(_ body: () throws(RequestError) -> Value) throws -> Value {
    do throws(RequestError) {
        return try body()
    } catch {
        throw Failure(error)
    }
}

/// Any setting, for JSON.
struct SettingReport: Encodable {
    let value: SettingValue

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch value {
        case .string(let string): try container.encode(string)
        case .integer(let integer): try container.encode(integer)
        case .number(let number):
            if number.isFinite {
                try container.encode(number)
            } else {
                try container.encode(value.literal)
            }
        case .boolean(let boolean): try container.encode(boolean)
        case .array(let elements): try container.encode(elements.map(SettingReport.init))
        case .table(let members): try container.encode(members.mapValues(SettingReport.init))
        case .null: try container.encodeNil()
        }
    }
}

/// A number in few digits.
func brief(_ number: Double) -> String {
    guard number.isFinite else { return number > 0 ? "∞" : "\(number)" }
    guard number != 0 else { return "0" }
    let decimals = max(0, 4 - Int(log10(abs(number)).rounded(.down)))
    guard decimals < 9 else { return "\(number)" }
    let scale = pow(10, Double(decimals))
    let rounded = (number * scale).rounded() / scale
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
}
