import Foundation
import PluginHost
import Synchronization
import Testing

@testable import Pipelines

/// The host of the plugins that this build made.
private let host = Result {
    try PluginHost(
        PluginHost.Configuration(
            directories: [PluginHost.directoryOfProgram()],
            stateDirectory: FileManager.default.temporaryDirectory
                .appending(path: "voken-pipelines-\(getpid())").path))
}

private let loaded = Mutex<[String: Generation]>([:])

/// The Echo pipeline with some of its lines replaced; loaded once for each text.
func echoGeneration(
    _ replacements: [String: String] = [:], number: Int = 1
) throws -> Generation {
    try generation(of: echoText, at: "echo.toml", replacements, number: number)
}

/// The repository's own pipeline, likewise.
func pocketGeneration(_ replacements: [String: String] = [:]) throws -> Generation {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../etc/pipelines/pocket.toml").path
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return try generation(of: text, at: path, replacements, number: 1)
}

private func generation(
    of text: String, at path: String, _ replacements: [String: String], number: Int
) throws -> Generation {
    var text = text
    for (line, replacement) in replacements {
        #expect(text.contains(line), "nothing to replace")
        text = text.replacing(line, with: replacement)
    }
    return try loaded.withLock { loaded in
        if let generation = loaded[text], generation.number == number { return generation }
        let file = try PipelineFile(text: text, path: path)
        let generation = try Pipeline.load(file, number: number, host: try host.get())
        loaded[text] = generation
        return generation
    }
}

/// The events of one request, from whatever thread they come.
final class EventLog: Sendable {
    private let events = Mutex<[StoryEvent]>([])
    private let ended = DispatchSemaphore(value: 0)

    func append(_ event: StoryEvent) {
        events.withLock { $0.append(event) }
        switch event {
        case .finished, .failed: ended.signal()
        default: break
        }
    }

    var all: [StoryEvent] { events.withLock { $0 } }

    /// Waits for the last event; a test that waits in vain fails instead of hanging.
    func wait() throws -> [StoryEvent] {
        try #require(ended.wait(timeout: .now() + 60) == .success, "no end: \(all)")
        return all
    }
}

/// Runs one request to its end on an engine of its own.
func run(_ request: StoryRequest, _ generation: Generation) throws -> [StoryEvent] {
    let engine = Engine(generation)
    defer { engine.shutdown(grace: .zero) }
    let log = EventLog()
    _ = try engine.submit(request) { log.append($0) }
    return try log.wait()
}

extension [StoryEvent] {
    var images: [StoryImage] {
        compactMap { if case .imageFinished(let image) = $0 { image } else { nil } }
    }

    /// What the model told: all text after the first scene, which tells the prompt.
    var text: String {
        drop { if case .sceneEnded = $0 { false } else { true } }
            .compactMap { if case .text(let text) = $0 { text } else { nil } }.joined()
    }

    var reasons: [StopReason] {
        compactMap { if case .sceneEnded(_, let reason) = $0 { reason } else { nil } }
    }

    var failure: RequestError? {
        if case .failed(let error) = last { error } else { nil }
    }

    /// The events' names and numbers, runs of text as one.
    var outline: [String] {
        var outline: [String] = []
        for event in self {
            let line =
                switch event {
                case .accepted(_, let ahead): "accepted \(ahead)"
                case .started(let generation, let seed): "started \(generation) \(seed)"
                case .sceneBegan(let index, let count): "scene \(index)/\(count)"
                case .text: "text"
                case .imageBegan(let start): "image \(start.index) seed \(start.seed)"
                case .step(let image, let step, let count): "step \(image) \(step)/\(count)"
                case .imageFinished(let image): "image \(image.index)"
                case .sceneEnded(let index, let reason): "ended \(index) \(reason.rawValue)"
                case .finished(let summary): "finished \(summary.scenes) \(summary.images)"
                case .failed(let error): "failed \(error.code.rawValue)"
                }
            if line != "text" || outline.last != "text" { outline.append(line) }
        }
        return outline
    }
}
