import ArgumentParser
import Glibc
import Pipelines
import Stories

@main
struct Voken: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "voken",
        abstract: "Tells stories in text and pictures.",
        discussion: """
            Commands talk to the daemon vokend over its socket; without a daemon, generate runs \
            the same engine in this process.

            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no daemon, 7 pipeline invalid.
            """,
        version: vokenVersion,
        subcommands: [
            Generate.self, Stages.self, Status.self, Swap.self, Apply.self, Rollback.self,
            Watch.self, Upgrade.self, Check.self, Plugin.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            write("voken: \(failure.message)\n", to: 2)
            Glibc.exit(failure.exitCode)
        } catch  where exitCode(for: error) == .success {
            // Help and version are "errors" that ask for a page on standard output.
            write(fullMessage(for: error) + "\n", to: 1)
        } catch {
            write(fullMessage(for: error) + "\n", to: 2)
            Glibc.exit(exitCode(for: error) == .validationFailure ? 2 : 1)
        }
    }
}

/// Why a command ends without having done its work.
struct Failure: Error {
    let message: String
    let exitCode: Int32

    static func failed(_ message: String) -> Failure { Failure(message: message, exitCode: 1) }
    static func usage(_ message: String) -> Failure { Failure(message: message, exitCode: 2) }
    static func noDaemon(_ message: String) -> Failure { Failure(message: message, exitCode: 3) }
    static func pipeline(_ message: String) -> Failure { Failure(message: message, exitCode: 7) }
}

extension Failure {
    /// A request that was refused or failed: a value that cannot be is wrong usage.
    init(_ error: RequestError) {
        let isUsage = error.code == .invalid || error.code == .tooLong
        self.init(message: error.message, exitCode: isUsage ? 2 : 1)
    }
}
