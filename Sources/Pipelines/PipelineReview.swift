import Checkpoints
public import PluginHost
import Stages

/// What is wrong with a pipeline file, and what it would change.
public struct PipelineReview: Sendable, Equatable {
    public struct Problem: Sendable, Equatable {
        /// From 1; `nil` where the whole file is meant.
        public var line: Int?
        /// For programs: see ``PipelineError/Code``.
        public var code: String
        /// Names the thing and the remedy.
        public var message: String

        public init(line: Int?, code: String, message: String) {
            self.line = line
            self.code = code
            self.message = message
        }
    }

    /// Each value as TOML writes it; `nil` where it is not.
    public struct Change: Sendable, Equatable {
        public var key: String
        public var before: String?
        public var after: String?

        public init(key: String, before: String?, after: String?) {
            self.key = key
            self.before = before
            self.after = after
        }
    }

    public var problems: [Problem]
    public var changes: [Change]

    public init(problems: [Problem] = [], changes: [Change] = []) {
        self.problems = problems
        self.changes = changes
    }

    /// Checks a text: its keys and values, whether there are plugins of the names that it gives,
    /// and the files of its models. No stage is made.
    /// - Parameters:
    ///   - path: where relative paths in the text start from.
    ///   - serving: what it is compared with.
    public init(text: String, path: String, serving: Generation, host: PluginHost) {
        let file: PipelineFile
        do {
            file = try PipelineFile(text: text, path: path)
        } catch {
            self.init(problems: [Problem(error)])
            return
        }
        let offers = host.offers(searching: file.pluginFolders)
        self.init(
            problems: file.entries.flatMap { Self.problems(of: $0, in: file, offers, host) },
            changes: file.changes(from: serving.file))
    }

    private static func problems(
        of entry: StageEntry, in file: PipelineFile, _ offers: [Offer], _ host: PluginHost
    ) -> [Problem] {
        var problems: [Problem] = []
        func add(_ code: PipelineError.Code, _ key: String, _ message: String) {
            problems.append(
                Problem(
                    line: file.line(of: entry, key), code: code.rawValue,
                    message: "\(entry.key).\(key): \(message)"))
        }
        if let file = PluginReference(entry.plugin).file {
            do {
                try host.check(file: file, offers: entry.kind)
            } catch {
                add(.noPlugin, "plugin", error.description)
            }
        } else if !offers.contains(where: { $0.kind == entry.kind && $0.name == entry.stageName }) {
            let names = offers.filter { $0.kind == entry.kind }.map(\.name).sorted()
            let hint =
                entry.kind == .scheduler
                ? SchedulerName.hint(for: entry.plugin, among: names)
                : "there are \(names.joined(separator: ", "))"
            add(
                .noPlugin, "plugin",
                "no plugin offers a \(entry.kind.rawValue) named \"\(entry.plugin)\"; \(hint)")
        }
        if let model = entry.model {
            do {
                _ = try ModelFolder.open(model, weights: entry.weights)
            } catch {
                add(.noModel, entry.weights == nil ? "model" : "weights", "\(error)")
            }
        } else if let weights = entry.weights {
            add(.noModel, "weights", "\(weights) needs the config.json of a model folder")
        }
        return problems
    }
}

extension PipelineReview.Problem {
    fileprivate init(_ error: PipelineError) {
        self.init(line: error.line, code: error.code.rawValue, message: error.message)
    }
}

/// The pipeline that serves, as a file would say it.
public struct PipelineText: Sendable, Equatable {
    public var name: String
    /// Of the file that it came from.
    public var path: String
    public var generation: Int
    /// TOML; relative paths start from the folder of ``path``.
    public var text: String

    public init(name: String, path: String, generation: Int, text: String) {
        self.name = name
        self.path = path
        self.generation = generation
        self.text = text
    }

    public init(_ generation: Generation) {
        self.init(
            name: generation.file.name, path: generation.file.path,
            generation: generation.number, text: generation.file.effectiveText)
    }
}
