import Foundation
import Testing

/// `voken watch` and `voken upgrade`, as an author and an operator use them.
@Suite struct WatchTests {
    private let echo = ["--pipeline", Program.root.appending(path: "etc/pipelines/echo.toml").path]

    /// Puts a built plugin at a path as a linker does: whole, by renaming.
    private func install(_ name: String, at path: URL) throws {
        let part = path.appendingPathExtension("part")
        try? FileManager.default.removeItem(at: part)
        try FileManager.default.copyItem(
            at: Program.folder.appending(path: "lib\(name).so"), to: part)
        try #require(unsafe rename(part.path, path.path) == 0)
    }

    private func lines(_ output: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").map { line in
            try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    @Test func everyBuildIsSwappedInAndABadOneIsSaidSo() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let daemon = try Daemon(in: folder, echo + ["--state", folder.path + "/state"])
        defer { _ = daemon.stop() }
        let plugin = folder.appending(path: "libMine.so")
        let watch = Program(
            "voken",
            [
                "watch", "scheduler", plugin.path, "--count", "3", "--json", "--socket",
                daemon.socket.path,
            ])
        try watch.process.run()
        func wait(forGeneration number: Int, failure: String? = nil) throws {
            for _ in 0..<300 {
                let status = try Program.run(
                    "voken", ["status", "--json", "--socket", daemon.socket.path])
                let report = try lines(status.output)[0]
                let failed = (report["last_swap_failure"] as? [String: Any])?["code"] as? String
                if report["generation"] as? Int == number, failed == failure { return }
                usleep(50_000)
            }
            Issue.record("generation \(number) does not come")
        }
        try install("SchedulerDDIM", at: plugin)
        try wait(forGeneration: 2)
        try Data("not a library".utf8).write(to: plugin, options: .atomic)
        try wait(forGeneration: 2, failure: "not_elf")
        try install("SchedulerPNDM", at: plugin)
        let result = watch.finish()
        #expect(result.status == 0)
        #expect(result.errors.contains("not_elf in file"))
        let events = try lines(result.output)
        #expect(
            events.compactMap { $0["type"] as? String }.filter { $0 != "phase" && $0 != "change" }
                == ["committed", "finished", "failed", "committed", "finished"])
        let stages = try Program.run("voken", ["stages", "--socket", daemon.socket.path])
        #expect(stages.output.contains("pndm"))
    }

    @Test func aBuildThatIsAskedForRunsFirst() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let daemon = try Daemon(in: folder, echo + ["--state", folder.path + "/state"])
        defer { _ = daemon.stop() }
        let sources = folder.appending(path: "Sources")
        try FileManager.default.createDirectory(
            at: sources.appending(path: "Deep"), withIntermediateDirectories: true)
        try Data().write(to: sources.appending(path: "Deep/Mine.swift"))
        let built = Program.folder.appending(path: "libSchedulerDDIM.so").path
        let plugin = folder.path + "/libMine.so"
        let result = try Program.run(
            "voken",
            [
                "watch", "scheduler", plugin, "--count", "1", "--sources", sources.path, "--build",
                "cp '\(built)' '\(plugin).new' && mv '\(plugin).new' '\(plugin)'", "--socket",
                daemon.socket.path,
            ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("generation 2 serves"))
        let none = try Program.run(
            "voken",
            [
                "watch", "scheduler", plugin, "--build", "true", "--sources", folder.path + "/no",
                "--socket", daemon.socket.path,
            ])
        #expect(none.status == 1 && none.errors.contains("--sources"))
    }

    /// The stages that swaps have brought in serve on, and swaps go to whoever serves.
    @Test func anUpgradeServesWhatWasSwappedIn() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let daemon = try Daemon(in: folder, echo + ["--state", folder.path + "/state"])
        let socket = ["--socket", daemon.socket.path]
        func run(_ arguments: String...) throws -> Program.Result {
            try Program.run("voken", arguments + socket)
        }
        func pid() throws -> Int {
            try #require(lines(run("status", "--json").output)[0]["pid"] as? Int)
        }
        #expect(try run("swap", "scheduler", "ddim", "--set", "eta=0.5").status == 0)
        let before = try pid()
        let upgrade = try run("upgrade", "--json")
        #expect(upgrade.status == 0, "\(upgrade.errors)")
        let events = try lines(upgrade.output)
        #expect(events.compactMap { $0["phase"] as? String } == ["check", "start", "ready"])
        let after = try pid()
        #expect(events.last?["pid"] as? Int == after && after != before)
        let stages = try run("stages", "--json").output
        #expect(stages.contains(#""options":"{\"eta\":0.5}""#) && stages.contains("\"ddim\""))
        #expect(try run("swap", "scheduler", "pndm").output.contains("generation 3 serves"))

        // What cannot serve the same does not come into office.
        let fuse = folder.path + "/fuse"
        let swap = try run(
            "swap", "scheduler", try TestPlugin.path(), "--set", "act=fuse", "--set",
            "gate=\(fuse)")
        #expect(swap.output.contains("generation 4 serves"), "\(swap.errors)")
        try Data().write(to: URL(filePath: fuse))
        let refused = try run("upgrade")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("cannot serve the committed generation"))
        #expect(try pid() == after)
        #expect(kill(pid_t(after), SIGTERM) == 0)
        #expect(daemon.program.finish().status == 0)
    }

    /// What serves, not what was committed last: that could not be restored, or was not to be.
    @Test(arguments: [["--fresh"], []])
    func anUpgradeServesWhatServes(_ arguments: [String]) throws {
        let served = try ServedPipeline()
        try served.mustSwap("swap", "scheduler", "ddim")
        if arguments.isEmpty {
            try Data("damaged".utf8).write(to: #require(try served.committed()))
        }
        try served.restart(arguments)
        #expect(try served.stage("scheduler").name == "echo")
        #expect(try served.run(["upgrade"]).status == 0)
        #expect(try served.stage("scheduler").name == "echo")
        try served.mustSwap("swap", "scheduler", "pndm")
        #expect(try served.run(["upgrade"]).status == 0)
        #expect(try served.stage("scheduler").name == "pndm")
        let pid = try #require(lines(served.run(["status", "--json"]).output)[0]["pid"] as? Int)
        #expect(kill(pid_t(pid), SIGTERM) == 0)
        #expect(served.daemon.program.finish().status == 0)
    }
}
