import Pipelines
import PluginHost
import Synchronization

/// Whoever tells a story: the daemon, or this process.
protocol Narrator {
    /// Runs a request to its end; `event` sees everything in order, on the calling thread.
    func tell(_ request: StoryRequest, _ event: (StoryEvent) throws -> Void) throws
}

/// The engine in this process.
struct LocalNarrator: Narrator {
    private let engine: Engine

    init(pipeline path: String) throws {
        do {
            let file = try PipelineFile(path)
            engine = Engine(try Pipeline.load(file, host: try Pipeline.host(for: file)))
        } catch {
            throw Failure.pipeline("\(error)")
        }
    }

    func tell(_ request: StoryRequest, _ event: (StoryEvent) throws -> Void) throws {
        let events = EventQueue()
        do {
            let job = try engine.submit(request) { events.put($0) }
            do {
                while let next = events.take() { try event(next) }
            } catch {
                // Our own side failed, most likely the disk: nobody needs the rest of the story.
                job.cancel()
                throw error
            }
        } catch let error as RequestError {
            try event(.failed(error))
        }
    }
}
