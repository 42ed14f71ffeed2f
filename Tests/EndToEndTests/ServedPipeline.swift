import Foundation
import Glibc
import Testing

/// A daemon that serves a copy of one of the repository's pipelines, in a folder of its own.
final class ServedPipeline {
    let folder: URL
    private(set) var daemon: Daemon
    private var stories = 0

    var pipeline: URL { folder.appending(path: "pipeline.toml") }
    var socket: [String] { ["--socket", daemon.socket.path] }
    private var environment: [String: String] { ["XDG_STATE_HOME": folder.path + "/state"] }

    /// - Parameters:
    ///   - swap: the lines of the table `[swap]`.
    ///   - edit: changes the pipeline's text.
    init(
        _ name: String = "echo", swap: String = "", edit: (inout String) -> Void = { _ in }
    ) throws {
        folder = try temporaryFolder()
        var text = try pipelineText(name)
        if !swap.isEmpty { text += "\n[swap]\n\(swap)\n" }
        edit(&text)
        try Data(text.utf8).write(to: folder.appending(path: "pipeline.toml"))
        daemon = try Daemon(
            in: folder, ["--pipeline", folder.path + "/pipeline.toml"],
            environment: ["XDG_STATE_HOME": folder.path + "/state"])
    }

    deinit {
        if daemon.program.process.isRunning { daemon.kill() }
        try? FileManager.default.removeItem(at: folder)
    }

    func editPipeline(_ change: (inout String) -> Void) throws {
        var text = try String(contentsOf: pipeline, encoding: .utf8)
        change(&text)
        try Data(text.utf8).write(to: pipeline)
    }

    /// Writes another pipeline file beside the one that serves.
    func write(_ text: String, as name: String) throws -> String {
        let path = "\(folder.path)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    /// A copy of a built plugin that belongs to the test.
    @discardableResult
    func copyPlugin(_ plugin: String, as name: String) throws -> String {
        let path = "\(folder.path)/\(name)"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(
            atPath: Program.folder.path + "/lib\(plugin).so", toPath: path)
        return path
    }

    // MARK: Starting and stopping

    /// Starts it again after it was killed.
    func start(_ arguments: [String] = []) throws {
        daemon = try Daemon(
            in: folder, ["--pipeline", pipeline.path] + arguments, environment: environment)
    }

    /// - Returns: the log of the one that was killed.
    @discardableResult
    func restart(_ arguments: [String] = []) throws -> String {
        let log = daemon.kill().errors
        try start(arguments)
        return log
    }

    /// The file of the generation that serves; `nil` before the first swap.
    func committed() throws -> URL? {
        let state = folder.path + "/state/voken"
        return try FileManager.default.contentsOfDirectory(atPath: state)
            .map { URL(filePath: "\(state)/\($0)/generation.toml") }
            .first { FileManager.default.fileExists(atPath: $0.path) }
    }

    // MARK: Commands

    func run(_ arguments: [String]) throws -> Program.Result {
        try Program.run("voken", arguments + socket)
    }

    /// `voken swap …`, `voken apply …` or `voken rollback …`, with `--json`.
    func swap(_ arguments: String...) throws -> SwapOutcome {
        try SwapOutcome(run(arguments + ["--json"]))
    }

    /// The same, which must succeed.
    /// - Returns: the generation that serves now.
    @discardableResult
    func mustSwap(
        _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Int {
        let outcome = try SwapOutcome(run(arguments + ["--json"]))
        try #require(
            outcome.last.committed == true, "\(outcome.result)", sourceLocation: sourceLocation)
        return outcome.last.generation
    }

    func status() throws -> DaemonStatus {
        let result = try run(["status", "--json"])
        try #require(result.status == 0, "\(result.errors)")
        return try DaemonStatus(json: result.output)
    }

    /// A stage that serves.
    func stage(_ kind: String) throws -> DaemonStatus.Stage {
        try #require(try status().stages.first { $0.kind == kind })
    }

    /// Begins a story of two scenes and a fixed seed.
    func begin(_ options: [String] = []) throws -> Program {
        stories += 1
        let program = Program(
            "voken", storyCommand(in: "\(folder.path)/story-\(stories)") + socket + options)
        try program.process.run()
        return program
    }

    /// Tells that story.
    func story(_ options: [String] = []) throws -> ToldStory {
        try ToldStory(begin(options).finish())
    }

    /// Tells it in a process of its own, by the pipeline file.
    func localStory(_ options: [String] = []) throws -> ToldStory {
        stories += 1
        return try ToldStory(
            Program.run(
                "voken",
                storyCommand(in: "\(folder.path)/story-\(stories)")
                    + ["--pipeline", pipeline.path] + options))
    }

    private func storyCommand(in folder: String) -> [String] {
        ["generate", "A fox.", "--scenes", "2", "--seed", "7", "--json", "--out", folder]
    }
}

/// The text of one of the repository's pipelines, for any folder.
func pipelineText(_ name: String) throws -> String {
    try String(
        contentsOf: Program.root.appending(path: "etc/pipelines/\(name).toml"), encoding: .utf8
    ).replacing("../models", with: Program.root.path + "/etc/models")
}

/// Waits for something that must come soon.
func wait(
    for what: String, sourceLocation: SourceLocation = #_sourceLocation, _ isTrue: () throws -> Bool
) throws {
    for _ in 0..<600 {
        if try isTrue() { return }
        usleep(50_000)
    }
    try #require(Bool(false), "waited in vain for \(what)", sourceLocation: sourceLocation)
}
