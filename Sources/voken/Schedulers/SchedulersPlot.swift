import ArgumentParser
import Glibc
import Pipelines
import Stages
import Stories

/// `voken schedulers plot`.
struct SchedulersPlot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draw the noise levels of runs: sigma on a scale of logarithms, call by call.",
        discussion: """
            Several schedulers are drawn one above the other, to the same scale. A last level of \
            0 is drawn at the lower end. Schedulers that do not say their levels are drawn by \
            their timesteps.

              voken schedulers plot euler euler+karras euler+ays --steps 10
            """)

    @Argument(help: "Schedulers, by any of their names, or plugins' files.")
    var names: [String]

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var chosen: SchedulerRun
    @OptionGroup var place: SchedulerPlace

    func validate() throws {
        guard (1...Self.most).contains(names.count) else {
            throw ValidationError("name 1 to \(Self.most) schedulers")
        }
    }

    private static let most = 16

    func run() throws {
        let catalog = try place.catalog()
        let curves = try names.map { name in
            let (sample, trajectory) = try chosen.sample(name, in: catalog)
            return Curve(name: sample.name, steps: chosen.steps, trajectory)
        }
        if json {
            write(Stories.json(Report(curves: curves)) + "\n", to: 1)
            return
        }
        let (leveled, other) = (curves.filter(\.hasLevels), curves.filter { !$0.hasLevels })
        var texts: [String] = []
        let height = curves.count == 1 ? 14 : 7
        for group in [leveled, other] {
            let panels = group.map(\.panel)
            let bounds = SigmaPanel.bounds(of: panels)
            texts += panels.map { $0.text(bounds, width: terminalWidth(), height: height) }
        }
        write(texts.joined(separator: "\n"), to: 1)
    }

    private struct Report: Encodable {
        let curves: [Curve]
    }

    private struct Curve: Encodable {
        let name: String
        let steps, calls: Int
        let timesteps: [Float]
        let sigmas: [Double?]

        init(name: String, steps: Int, _ trajectory: any Trajectory) {
            self.name = name
            self.steps = steps
            calls = trajectory.timesteps.count
            timesteps = trajectory.timesteps
            sigmas = finite(trajectory.sigmas)
        }

        var hasLevels: Bool { !sigmas.isEmpty }

        var panel: SigmaPanel {
            // Some are listed past the end, as diffusers does.
            let levels = sigmas.prefix(calls + 1).map { $0 ?? .infinity }
            return SigmaPanel(
                title: "\(name), \(calls) calls for \(steps) steps: "
                    + (hasLevels ? "sigma" : "timestep"),
                levels: hasLevels ? levels : timesteps.map(Double.init))
        }
    }
}

/// The columns of the terminal that is written to; 80 where that cannot be known.
private func terminalWidth() -> Int {
    var size = winsize()
    let isKnown = unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return min(max(isKnown ? Int(size.ws_col) : 80, 40), 160)
}
