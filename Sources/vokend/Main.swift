import ArgumentParser
import Daemon
import Glibc
import Logging
import Pipelines

@main
struct Vokend: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vokend",
        abstract: "Serves stories in text and pictures on a Unix socket.",
        discussion: """
            SIGTERM or SIGINT stops it gracefully: stories that run may end within the grace. A \
            second one stops it at once.

            Exit codes: 0 stopped, 1 failed, 2 wrong usage, 7 pipeline invalid.
            """,
        version: vokenVersion)

    @Option(help: "The pipeline file (default: the pocket model's).")
    var pipeline: String?

    @Option(
        help: """
            The socket to serve (default: $XDG_RUNTIME_DIR/voken/voken.sock; \
            /run/voken/voken.sock without that variable).
            """)
    var socket: String?

    @Option(help: "Seconds that running stories have after SIGTERM.")
    var grace = 30

    @Option(
        help: "Log from this level on: debug, info, notice, warning, error.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else {
                throw ValidationError("\"\(text)\" is not a log level")
            }
            return level
        })
    var logLevel = Logger.Level.notice

    func validate() throws {
        guard (0...86_400).contains(grace) else {
            throw ValidationError("--grace is outside 0...86400 seconds")
        }
    }

    static func main() {
        // A log that nobody reads any more must not end the daemon.
        signal(SIGPIPE, SIG_IGN)
        unblockSignals()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as PipelineError {
            end("\(error)", 7)
        } catch  where exitCode(for: error) == .success {
            print(fullMessage(for: error))
        } catch  where exitCode(for: error) == .validationFailure {
            end(fullMessage(for: error), 2)
        } catch {
            end("\(error)", 1)
        }
    }

    func run() throws {
        var logger = Logger(label: "vokend") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = logLevel
        guard let path = pipeline ?? Installation.current.defaultPipeline else {
            throw ValidationError("no pipeline file is installed: name one with --pipeline")
        }
        let file = try PipelineFile(path)
        let log = logger
        let generation = try Pipeline.load(file, host: try Pipeline.host(for: file)) {
            log.info("stage", metadata: ["text": "\($0)"])
        }
        let engine = Engine(generation)
        var settings = Server.Settings(
            path: socket ?? Installation.socketPaths[0], version: vokenVersion)
        settings.grace = .seconds(grace)
        let server = try Server(
            settings, backend: EngineBackend(engine, generation), logger: logger)
        server.drainOnSignals()
        logger.notice(
            "ready", metadata: ["pipeline": "\(file.name)", "socket": "\(settings.path)"])
        server.waitUntilStopped()
        engine.shutdown(grace: .zero)
        logger.notice("stopped")
    }

    /// A parent's signal mask is inherited, and many a parent blocks what stops a daemon: every
    /// worker thread of libdispatch does.
    private static func unblockSignals() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT] { unsafe sigaddset(&signals, signal) }
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    private static func end(_ message: String, _ code: Int32) -> Never {
        let text = message + "\n"
        _ = unsafe text.withCString { unsafe write(2, $0, text.utf8.count) }
        Glibc.exit(code)
    }
}
