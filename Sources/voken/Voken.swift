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

            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no daemon, 4 not allowed, 5 cancelled, \
            6 out of time, 7 pipeline invalid.
            """,
        version: vokenVersion,
        subcommands: [
            Generate.self, Chat.self, Jobs.self, Stages.self, Status.self, Swap.self, Apply.self,
            Rollback.self, Watch.self, Upgrade.self, Drain.self, Stop.self, Metrics.self,
            Logs.self, LogLevel.self, Check.self, Schedulers.self,
            Plugin.self, Bench.self,
        ])

    static func main() {
        acceptTermination()
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

    /// What a parent blocks or ignores is inherited; SIGTERM ends this program all the same.
    private static func acceptTermination() {
        signal(SIGTERM, SIG_DFL)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}
