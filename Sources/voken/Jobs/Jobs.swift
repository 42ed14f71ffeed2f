import ArgumentParser
import Stories
import VokenClient
import Wire

/// `voken jobs`: what the daemon does, and for whom.
struct Jobs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the daemon's jobs, watch one, or cancel some.",
        discussion: """
            A job is a story or a turn of a session. One that was begun with --detach, or whose \
            client went and had chosen so, goes on by itself; when it has ended it is kept for a \
            while.

              voken jobs --all
              voken jobs watch job-7 --out fox
              voken jobs cancel job-7 job-8
            """,
        subcommands: [ListJobs.self, WatchJob.self, CancelJobs.self],
        defaultSubcommand: ListJobs.self)
}

/// `voken jobs [--all]`
struct ListJobs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the jobs that run or wait: your own, or all for who "
            + "may administer.")

    @Flag(help: "Those that have ended too, as far as they are kept.")
    var all = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let jobs = try asking { try daemon.connect().jobs(ended: all) }
        if json {
            write(Stories.json(Report(jobs: jobs.map(JobReport.init))) + "\n", to: 1)
        } else {
            write(
                table(
                    [["ID", "STATE", "USER", "POSITION", "WAIT", "RUN", "LEFT"]] + jobs.map(row)),
                to: 1)
        }
    }

    private func row(_ job: JobInfo) -> [String] {
        let waits = job.state == .queued
        return [
            job.job, job.state.name, userName(job.uid),
            waits && job.ahead > 0 ? "\(job.position), \(job.ahead) before it" : job.position,
            seconds(job.waitedMilliseconds), waits ? "–" : seconds(job.ranMilliseconds),
            job.leftMilliseconds > 0 ? seconds(job.leftMilliseconds) : "–",
        ]
    }

    private struct Report: Encodable {
        let jobs: [JobReport]
    }
}

/// `voken jobs watch JOB`: as `voken generate` shows it.
struct WatchJob: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Show a job from its beginning to its end.",
        discussion: """
            What there is already comes at once. A connection that is lost is made again, and the \
            story goes on where it was.
            """)

    @Argument(help: "The job's id.")
    var job: String

    @Option(help: "The number of the first event to show.")
    var fromSeq: UInt64 = 1

    @OptionGroup var output: StoryOutput
    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let client = try asking { try daemon.connect() }
        // Otherwise a folder would be made for a job that is not there.
        _ = try asking { try client.job(job) }
        try output.show(job, on: output.terminal) { event in
            try follow(event) { () throws(ClientError) in
                try client.watch(job: job, fromSeq: fromSeq)
            }
        }
    }
}

/// `voken jobs cancel JOB…`
struct CancelJobs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel jobs, and say where they were.")

    @Argument(help: "The jobs' ids.")
    var jobs: [String]

    @Flag(help: "Print one JSON object a job.")
    var json = false

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let client = try asking { try daemon.connect() }
        var failure: Failure?
        for job in jobs {
            do throws(ClientError) {
                let reply = try client.cancel(job: job)
                let line = json ? Stories.json(CancelReport(job, reply)) : reply.line(job)
                write(line + "\n", to: 1)
            } catch {
                // The others are cancelled all the same.
                if let failure { write("voken: \(failure.message)\n", to: 2) }
                failure = Failure(error)
            }
        }
        if let failure { throw failure }
    }
}
