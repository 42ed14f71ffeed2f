import ArgumentParser
import Pipelines
import VokenClient

/// The daemon that a command talks to.
struct DaemonOptions: ParsableArguments {
    @Option(
        help: """
            The daemon's socket (default: $XDG_RUNTIME_DIR/voken/voken.sock, then \
            /run/voken/voken.sock).
            """)
    var socket: String?

    /// - Throws: a ``Failure`` of exit code 3 if nobody listens.
    func connect() throws -> Client {
        let paths = socket.map { [$0] } ?? Installation.socketPaths
        for path in paths {
            do throws(ClientError) {
                return try Client.connect(path: path)
            } catch  where error.code == .noDaemon {
                continue
            } catch {
                throw Failure(error)
            }
        }
        throw Failure.noDaemon(
            "no daemon listens at \(paths.joined(separator: " or ")): start vokend")
    }
}

/// Where a story is told: by a daemon or in this process.
struct Place: ParsableArguments {
    @OptionGroup var daemon: DaemonOptions

    @Flag(help: "Run in this process, without a daemon.")
    var local = false

    @Option(help: "The pipeline file to run in this process; implies --local.")
    var pipeline: String?

    func validate() throws {
        if daemon.socket != nil, isLocal {
            throw ValidationError("--socket names a daemon; --local and --pipeline do without one")
        }
    }

    var isLocal: Bool { local || pipeline != nil }

    /// - Parameters:
    ///   - terms: for a daemon; a story that has some is not told without one.
    ///   - remark: takes what a user should know about where the work is done.
    func narrator(_ terms: JobOptions, _ remark: (String) -> Void) throws -> any Narrator {
        if !isLocal {
            do {
                return RemoteNarrator(try daemon.connect(), terms)
            } catch let failure as Failure
                where failure.exitCode == 3 && daemon.socket == nil && terms.isDefault
            {
                remark("no daemon is running: telling the story in this process")
            }
        }
        guard let path = pipeline ?? Installation.current.defaultPipeline else {
            throw Failure.pipeline("no pipeline file is installed: name one with --pipeline")
        }
        return try LocalNarrator(pipeline: path)
    }
}
