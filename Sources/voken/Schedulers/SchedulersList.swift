import ArgumentParser
import Pipelines
import Stories

/// `voken schedulers list`.
struct SchedulersList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the schedulers of the plugin folders.",
        discussion: """
            ORDER is that of convergence, CALLS the model's for N steps with default options; \
            guidance makes each call one of two latents.
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var place: SchedulerPlace

    func run() throws {
        let listings = try place.catalog().listings
        if json {
            write(Stories.json(Report(schedulers: listings.map(Entry.init))) + "\n", to: 1)
            return
        }
        write(
            table(
                [["NAME", "ALGORITHM", "ORDER", "CALLS", "NOISE", "ALIASES"]]
                    + listings.map { listing in
                        [
                            listing.name, listing.title, String(listing.order),
                            listing.calls ?? "?", listing.noise.rawValue,
                            listing.aliases.map { alias in
                                listing.callsByAlias[alias].map { "\(alias) (\($0))" } ?? alias
                            }.joined(separator: ", "),
                        ]
                    }), to: 1)
        for listing in listings {
            if let problem = listing.problem { write("\(listing.name): \(problem)\n", to: 2) }
        }
    }

    private struct Report: Encodable {
        let schedulers: [Entry]
    }

    private struct Entry: Encodable {
        let name, title, citation, noise, plugin: String
        let order: Int
        let calls, problem: String?
        let aliases: [String]
        let calls_by_alias: [String: String]

        init(_ listing: SchedulerListing) {
            name = listing.name
            title = listing.title
            citation = listing.citation
            noise = listing.noise.rawValue
            plugin = listing.plugin
            order = listing.order
            calls = listing.calls
            problem = listing.problem
            aliases = listing.aliases
            calls_by_alias = listing.callsByAlias
        }
    }
}
