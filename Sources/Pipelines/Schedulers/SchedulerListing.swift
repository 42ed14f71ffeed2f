import PluginHost
public import Stages

/// A scheduler that a plugin offers, for a list.
public struct SchedulerListing: Sendable, Equatable {
    public let name: String
    public let title: String
    public let citation: String
    public let order: Int
    public let noise: SchedulerSummary.Noise
    /// The model's calls for N steps: `2N-1`; `nil` if it could not be run.
    public let calls: String?
    public let aliases: [String]
    /// Likewise, of aliases that stand for options which change them.
    public let callsByAlias: [String: String]
    /// The plugin's file.
    public let plugin: String
    /// Why it could not be made with default options.
    public let problem: String?

    init(_ offer: Offer, _ type: any Scheduler.Type, in catalog: SchedulerCatalog) {
        let summary = type.summary
        name = offer.name
        title = summary.title
        citation = summary.citation
        order = summary.order
        noise = summary.noise
        aliases = KnownScheduler.aliases(of: offer.name)
        plugin = offer.file
        var callsByAlias: [String: String] = [:]
        do throws(RequestError) {
            let sample = try catalog.make(offer.name)
            let own = Self.calls(of: sample.scheduler)
            for preset in KnownScheduler.presets(of: offer.name) {
                guard let sample = try? catalog.make(preset) else { continue }
                let calls = Self.calls(of: sample.scheduler)
                if calls != own { callsByAlias[preset] = calls }
            }
            calls = own
            problem = nil
        } catch {
            calls = nil
            problem = error.message
        }
        self.callsByAlias = callsByAlias
    }

    /// How many calls N steps are, from runs of several lengths; those that the scheduler cannot
    /// take are passed over.
    private static func calls(of scheduler: any Scheduler) -> String? {
        let counts = [4, 5, 8, 10, 20, 25, 50].compactMap { steps in
            (try? scheduler.trajectory(steps: steps)).map { (steps, $0.timesteps.count) }
        }
        guard let (first, calls) = counts.first, let (last, more) = counts.last, last > first else {
            return nil
        }
        let factor = (more - calls) / (last - first)
        let rest = calls - factor * first
        guard counts.allSatisfy({ $0.1 == factor * $0.0 + rest }) else {
            return counts.map { "\($0.1) for \($0.0)" }.joined(separator: ", ")
        }
        let multiple = factor == 1 ? "N" : "\(factor)N"
        return rest == 0 ? multiple : multiple + (rest > 0 ? "+" : "-") + "\(abs(rest))"
    }
}
