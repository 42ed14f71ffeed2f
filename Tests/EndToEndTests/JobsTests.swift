import Foundation
import Glibc
import Testing

/// `voken jobs` and what an operator asks, of a real daemon.
struct JobsTests {
    private struct Listing: Decodable {
        struct Job: Decodable {
            let job, state, position: String
            let uid: Int
        }

        let jobs: [Job]
    }

    private func jobs(_ served: ServedPipeline, _ more: String...) throws -> [Listing.Job] {
        let result = try served.run(["jobs", "--json"] + more)
        try #require(result.status == 0, "\(result.errors)")
        return try JSONDecoder().decode(Listing.self, from: Data(result.output.utf8)).jobs
    }

    private func begin(_ served: ServedPipeline, _ more: [String] = []) throws -> String {
        let result = try served.run(
            ["generate", "A fox.", "--scenes", "2", "--seed", "7", "--detach"] + more)
        try #require(result.status == 0, "\(result.errors)")
        return result.output.trimmingCharacters(in: .newlines)
    }

    @Test func detachedStoryIsWatchedLater() throws {
        let served = try ServedPipeline()
        let told = try served.run([
            "generate", "A fox.", "--scenes", "2", "--seed", "7", "--quiet", "--out",
            served.folder.path + "/told",
        ])
        let job = try begin(served)
        try wait(for: "the story's end") { try jobs(served).isEmpty }
        let kept = try #require(try jobs(served, "--all").first { $0.job == job })
        #expect(kept.state == "finished" && kept.uid == Int(getuid()))
        #expect(try served.run(["jobs", "--all"]).output.contains("\(job)  finished"))

        let watched = try served.run([
            "jobs", "watch", job, "--quiet", "--out", served.folder.path + "/watched",
        ])
        #expect(watched.status == 0, "\(watched.errors)")
        #expect(
            watched.output
                == told.output.replacing("/told/", with: "/watched/"))
        let again = try served.run(["jobs", "cancel", job])
        #expect(again.status == 0 && again.output == "\(job) had ended already: finished\n")
    }

    @Test func cancelledJobSaysWhereItWas() throws {
        let served = try ServedPipeline("pocket")
        let job = try begin(served, ["--steps", "200"])
        try wait(for: "it to run") { try jobs(served).first?.state == "running" }
        let watcher = Program(
            "voken", ["jobs", "watch", job, "--out", served.folder.path + "/out"] + served.socket)
        try watcher.process.run()
        let result = try served.run(["jobs", "cancel", "job-none", job])
        #expect(result.status == 1 && result.errors.contains("job-none"))
        #expect(result.output.hasPrefix("\(job) cancelled "), "\(result.output)")
        #expect(watcher.finish().status == 5)
    }

    @Test func jobThatIsNotThereLeavesNoFolder() throws {
        let served = try ServedPipeline()
        let out = served.folder.path + "/out"
        let result = try served.run(["jobs", "watch", "job-none", "--out", out])
        #expect(result.status == 1 && result.errors.contains("job-none"))
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test func termsOfAJobNeedADaemon() throws {
        for words in [["--detach"], ["--priority", "3"], ["--on-disconnect", "detach"]] {
            let result = try Program.run("voken", ["generate", "A fox.", "--local"] + words)
            #expect(result.status == 2 && result.errors.contains("--local"))
        }
        let none = try Program.run(
            "voken", ["generate", "A fox.", "--detach", "--socket", "/tmp/voken-none/s"])
        #expect(none.status == 3)
        let high = try Program.run("voken", ["generate", "A fox.", "--priority", "11"])
        #expect(high.status == 2)
    }

    @Test func operatorSeesAndStopsTheDaemon() throws {
        let served = try ServedPipeline()
        let metrics = try served.run(["metrics"])
        #expect(metrics.status == 0 && metrics.output.contains("# TYPE"), "\(metrics.errors)")
        let logs = try served.run(["logs", "-n", "5", "--json"])
        #expect(logs.status == 0, "\(logs.errors)")
        #expect(logs.output.contains("\"level\":"))
        let level = try served.run(["log-level", "debug"])
        #expect(level.status == 0 && level.output.hasSuffix("→ debug\n"), "\(level.errors)")
        #expect(try served.run(["log-level", "loud"]).status == 2)

        let job = try begin(served)
        let stopped = try served.run(["stop"])
        #expect(stopped.status == 0, "\(job): \(stopped.errors)")
        #expect(served.daemon.program.finish().status == 0)
        #expect(try served.run(["stop"]).status == 3)
    }

    @Test func stopNowCancelsWhatRuns() throws {
        let served = try ServedPipeline("pocket")
        _ = try begin(served, ["--steps", "200"])
        let result = try served.run(["stop", "--now"])
        #expect(result.status == 0 && result.errors.contains("1 job cancelled"), "\(result)")
    }

    @Test func followedLogGoesOnUntilTheDaemonEnds() throws {
        let served = try ServedPipeline()
        let follower = Program("voken", ["logs", "-f", "-n", "100", "--json"] + served.socket)
        try follower.process.run()
        try served.mustSwap("swap", "scheduler", "ddim")
        #expect(follower.process.isRunning)
        #expect(try served.run(["stop", "--now"]).status == 0)
        let log = follower.finish()
        #expect(log.output.contains("\"message\":\"ready\""), "\(log.errors)")
        #expect(log.output.contains("swap"), "\(log.output)")
    }
}
