import ArgumentParser
import Checkpoints
import Daemon
import Glibc
import Logging
import Pipelines
import PluginHost

@main
struct Vokend: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vokend",
        abstract: "Serves stories in text and pictures on a Unix socket.",
        discussion: """
            SIGTERM or SIGINT stops it gracefully: stories that run may end within the grace. A \
            second one stops it at once.

            SIGUSR2 starts the program anew, with the same arguments, from the file as it is now. \
            When the new process serves, this one serves the connections that it has, and ends. No \
            caller is refused; if the new process does not come up, this one goes on.

            Sockets that a service manager hands over (LISTEN_FDS) are served in place of its own, \
            and what becomes of it is told to the one at NOTIFY_SOCKET: see etc/doc/operating.md.

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

    @Option(
        help: """
            A second socket, on which nobody may do more than generate, whoever it is.
            """)
    var generateSocket: String?

    @Option(
        help: "The mode of that socket's file: 0660 (for its group) or 0666 (for all users).",
        transform: { text in
            guard ["0660", "0666"].contains(text), let mode = UInt32(text, radix: 8) else {
                throw ValidationError("\"\(text)\" is neither 0660 nor 0666")
            }
            return mode
        })
    var generateSocketMode: UInt32 = 0o660

    @Option(
        help: """
            The folder of what survives a restart (default: $STATE_DIRECTORY, \
            $XDG_STATE_HOME/voken or ~/.local/state/voken, and there a folder of this socket's).
            """)
    var state: String?

    @Flag(
        help: """
            Serve the pipeline file, and forget the generation that was committed last.
            """)
    var fresh = false

    @Option(help: "Seconds that running stories have after SIGTERM.")
    var grace = 30

    @Option(help: "Seconds that a new process has, after SIGUSR2, until it serves.")
    var upgradeTimeout = 120

    @Option(help: "Seconds after an upgrade until the connections that are left are ended.")
    var retire = 600

    @Option(help: .hidden)
    var inherit: String?

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
        guard (1...86_400).contains(upgradeTimeout) else {
            throw ValidationError("--upgrade-timeout is outside 1...86400 seconds")
        }
        guard (0...86_400).contains(retire) else {
            throw ValidationError("--retire is outside 0...86400 seconds")
        }
    }

    static func main() {
        prepareSignals()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as PipelineError {
            end("\(error)", 7)
        } catch let error as AccessError {
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
        let program = RunningProgram.path(startedAs: CommandLine.arguments[0])
        var predecessor: Predecessor?
        if let inherit {
            predecessor = Predecessor(inherit)
            guard predecessor != nil else {
                throw ValidationError("--inherit is for vokend itself, when it is upgraded")
            }
        }
        do {
            try serve(program, predecessor)
        } catch {
            predecessor?.report("\(error)")
            throw error
        }
    }

    /// - Parameters:
    ///   - program: what an upgrade starts.
    ///   - predecessor: whom this process is an upgrade of.
    private func serve(_ program: String, _ predecessor: Predecessor?) throws {
        let book = LogBook(level: logLevel)
        let logger = book.logger(label: "vokend")
        guard let path = pipeline ?? Installation.current.defaultPipeline else {
            throw ValidationError("no pipeline file is installed: name one with --pipeline")
        }
        let sockets = try ServedSockets(
            main: socket, generate: generateSocket, generateMode: generateSocketMode, predecessor)
        let manager = ServiceManager(isSuccessor: predecessor != nil)
        let file = try PipelineFile(FilePath.absolute(path))
        let access = try AccessPolicy(
            administer: file.access.administer, generate: file.access.generate)
        let host = try Pipeline.host(for: file)
        let store = try store(file, sockets.path, logger)
        let loading = LoadingReport(to: manager, file.name)
        let (generation, lastNumber) = try generation(
            file, host, store, isUpgrade: predecessor != nil, loading, logger)
        let engine = Engine(generation)
        let log = logger
        let swapper = Swapper(
            engine, host: host, options: file.swap, store: store, lastNumber: lastNumber,
            log: { log.notice("swap", metadata: ["text": "\($0)"]) },
            stageLog: { log.info("stage", metadata: ["text": "\($0)"]) })
        var settings = serverSettings(sockets, file, program)
        settings.access = access
        settings.manager = manager
        settings.handlesSignals = true
        settings.onDrain = { host.stopProbes() }
        let server = try Server(
            settings, backend: EngineBackend(engine, swapper, host), book: book)
        predecessor?.announce(version: vokenVersion)
        server.announceReady(isSuccessor: predecessor != nil)
        logger.notice(
            "ready",
            metadata: [
                "pipeline": "\(file.name)", "generation": "\(generation.number)",
                "socket": "\(settings.path)",
            ])
        server.waitUntilStopped()
        engine.shutdown(grace: .zero)
        logger.notice("stopped")
    }

    /// Each socket has a folder of its own: two daemons do not serve one pipeline.
    private func store(
        _ file: PipelineFile, _ socketPath: String, _ logger: Logger
    ) throws -> GenerationStore? {
        guard
            let folder = state
                ?? Installation.stateFolder.map({ folder in
                    folder + "/" + SHA256.hash(Array(FilePath.absolute(socketPath).utf8)).prefix(12)
                })
        else {
            logger.warning("swaps will not survive a restart: name a folder with --state")
            return nil
        }
        return try GenerationStore(folder: folder, startFile: file)
    }

    /// The generation that was committed last, or that of the pipeline file.
    /// - Parameter isUpgrade: whether another process serves until this one is ready. Then this one
    ///   serves the same, or ends.
    private func generation(
        _ file: PipelineFile, _ host: PluginHost, _ store: GenerationStore?, isUpgrade: Bool,
        _ loading: LoadingReport, _ logger: Logger
    ) throws -> (Generation, lastNumber: Int) {
        let log: @Sendable (String) -> Void = {
            loading.goesOn()
            logger.info("stage", metadata: ["text": "\($0)"])
        }
        // The arguments of an upgrade are those of the first start.
        if fresh, !isUpgrade { store?.forget() }
        if let store {
            switch store.restore(host: host, log: log) {
            case .nothing: break
            case .generation(let generation, let lastNumber):
                logger.notice("restored", metadata: ["generation": "\(generation.number)"])
                return (generation, lastNumber)
            case .refused(let reason) where isUpgrade:
                throw NotRestored(reason: reason)
            case .superseded(let reason), .refused(let reason):
                logger.warning(
                    "the committed generation is not restored, the pipeline file serves",
                    metadata: ["reason": "\(reason)"])
            }
        }
        return (try Pipeline.load(file, host: host, log: log), 1)
    }

    private func serverSettings(
        _ sockets: ServedSockets, _ file: PipelineFile, _ program: String
    ) -> Server.Settings {
        let limits = file.serviceLimits
        var settings = Server.Settings(path: sockets.path, version: vokenVersion)
        sockets.configure(&settings)
        settings.jobs = file.jobs
        settings.limits.connections = limits.connections
        settings.limits.perUser = limits.connectionsPerUser
        settings.limits.output = limits.outputBytes
        settings.grace = .seconds(grace)
        settings.retirement = .seconds(retire)
        var upgrade = UpgradeSettings(
            program: program, arguments: Predecessor.strip(Array(CommandLine.arguments.dropFirst()))
        )
        upgrade.limit = .seconds(upgradeTimeout)
        settings.upgrade = upgrade
        return settings
    }

    /// What a parent blocks and ignores is inherited, and many a parent blocks what a daemon waits
    /// for: every worker thread of libdispatch does.
    private static func prepareSignals() {
        // A log that nobody reads any more must not end the daemon.
        signal(SIGPIPE, SIG_IGN)
        // One that comes before there is anything to upgrade must not end it either.
        signal(SIGUSR2, SIG_IGN)
        // It can be ended while it loads, too.
        signal(SIGTERM, SIG_DFL)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT, SIGUSR2] { unsafe sigaddset(&signals, signal) }
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    private static func end(_ message: String, _ code: Int32) -> Never {
        let text = message + "\n"
        _ = unsafe text.withCString { unsafe write(2, $0, text.utf8.count) }
        Glibc.exit(code)
    }
}

/// An upgraded daemon that cannot serve what the old one serves.
private struct NotRestored: Error, CustomStringConvertible {
    let reason: String

    var description: String { "cannot serve the committed generation: \(reason)" }
}
