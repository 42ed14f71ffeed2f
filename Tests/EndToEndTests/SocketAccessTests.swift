import Foundation
import Glibc
import Testing
import VokenClient

/// Callers of other users, which root alone can play, and other hardships of a daemon's life.
@Suite struct SocketAccessTests {
    private static let canPlayOthers: Bool = {
        guard geteuid() == 0 else { return false }
        // Others must be able to start the programs of this build.
        let command = "setpriv --reuid 65534 --regid 65534 --clear-groups test -x "
        guard let folder = try? temporaryFolder(),
            let test = try? Spawned(command + Spawned.path("voken"), in: folder)
        else { return false }
        return test.wait() == 0
    }()

    /// Asks a daemon for its status, as user 65534 in some groups.
    private func ask(_ socket: String, groups: String, in folder: URL) throws -> Spawned {
        try Spawned(
            """
            exec setpriv --reuid 65534 --regid 65534 \
            \(groups.isEmpty ? "--clear-groups" : "--groups \(groups)") \
            \(Spawned.path("voken")) status --socket \(socket)
            """, in: folder)
    }

    @Test(.enabled(if: canPlayOthers, "root alone can be somebody else"))
    func groupIsLetInAndOthersAreNot() throws {
        let served = try ServedPipeline {
            $0 += "\n[access]\ngenerate = [\"@owner\", \"%54321\"]\n"
        }
        let socket = served.daemon.socket.path
        let member = try ask(socket, groups: "54321", in: served.folder)
        #expect(member.wait() == 0, "\(member.output)")
        let stranger = try ask(socket, groups: "54322", in: served.folder)
        #expect(stranger.wait() == 1 && stranger.output.contains("ermission denied"))
        // Where the file lets everybody knock, the list decides.
        unsafe chmod(socket, 0o666)
        unsafe chmod(served.folder.path + "/run", 0o755)
        #expect(try ask(socket, groups: "54322", in: served.folder).wait() != 0)
        #expect(try ask(socket, groups: "54321,54322", in: served.folder).wait() == 0)
        let log = served.daemon.stop().errors
        #expect(log.contains("user 65534") && log.contains("may not connect"), "\(log)")
        #expect(log.components(separatedBy: "may not connect").count == 2, "one line: \(log)")
    }

    @Test func unknownNamesAreSaidAtStart() throws {
        let folder = try temporaryFolder()
        let pipeline = folder.path + "/p.toml"
        for (text, key) in [
            ("[swap]\nuids = [\"@owner\", \"no-such-user\"]", "swap.uids: \"no-such-user\""),
            ("[access]\ngenerate = [\"%no-such-group\"]", "access.generate: \"%no-such-group\""),
        ] {
            try (pipelineText("echo") + "\n\(text)\n").write(
                toFile: pipeline, atomically: false, encoding: .utf8)
            let result = try Program.run(
                "vokend", ["--pipeline", pipeline, "--socket", folder.path + "/s"])
            #expect(result.status == 7 && result.errors.contains(key), "\(result.errors)")
        }
    }

    @Test func generateSocketIsServedAndUpgraded() throws {
        let folder = try temporaryFolder()
        let (main, second) = (folder.path + "/run/main.sock", folder.path + "/run/second.sock")
        let pipeline = Program.root.appending(path: "etc/pipelines/echo.toml").path
        let daemon = try Spawned(
            """
            exec \(Spawned.path("vokend")) --pipeline \(pipeline) --socket \(main) \
            --generate-socket \(second) --generate-socket-mode 0666
            """, in: folder)
        try wait(for: "the daemon") { (try? Client.connect(path: second).isServing()) == true }
        var status = stat()
        unsafe stat(second, &status)
        #expect(status.st_mode & 0o777 == 0o666)
        kill(daemon.process, SIGUSR2)
        try wait(for: "the successor") {
            (try? Client.connect(path: main).status().pid) != Int(daemon.process)
        }
        #expect(daemon.wait() == 0)
        let successor = try Client.connect(path: second).status().pid
        #expect(try Client.connect(path: main).status().pid == successor)
        kill(pid_t(successor), SIGTERM)
        try wait(for: "its end") { kill(pid_t(successor), 0) != 0 }
        for path in [main, second] { #expect(!FileManager.default.fileExists(atPath: path)) }
    }

    @Test func modesThatAreNoneOfTheTwoAreWrongUsage() throws {
        let result = try Program.run("vokend", ["--generate-socket-mode", "0600"])
        #expect(result.status == 2 && result.errors.contains("0666"))
    }

    // MARK: Hardships

    @Test func daemonWithoutADescriptorLivesOn() throws {
        let folder = try temporaryFolder()
        let socket = folder.path + "/run/s"
        let pipeline = Program.root.appending(path: "etc/pipelines/echo.toml").path
        let daemon = try Spawned(
            """
            ulimit -n 64; exec \(Spawned.path("vokend")) --pipeline \(pipeline) --socket \(socket)
            """, in: folder)
        try wait(for: "the daemon") { (try? Client.connect(path: socket).isServing()) == true }
        let first = try Client.connect(path: socket)
        #expect(try first.isServing())
        var crowd: [Client] = []
        for _ in 0..<150 {
            if let client = try? Client.connect(path: socket) { crowd.append(client) }
        }
        try wait(for: "the log") { daemon.output.contains("no file descriptor is left") }
        #expect(try first.status().connections > 10, "who is connected is served")
        let lines = daemon.output.components(separatedBy: "no file descriptor is left").count - 1
        #expect(lines == 1, "\(daemon.output)")
        crowd = []
        try wait(for: "room") { (try? Client.connect(path: socket).isServing()) == true }
        #expect(daemon.stop() == 0)
    }

    @Test(arguments: [true, false]) func stopsThoughItsParentWantsNoSignals(ignored: Bool) throws {
        let folder = try temporaryFolder()
        let socket = folder.path + "/run/s"
        let pipeline = Program.root.appending(path: "etc/pipelines/echo.toml").path
        let daemon = try Spawned(
            """
            \(ignored ? "trap '' TERM INT USR2; " : "")exec \(Spawned.path("vokend")) \
            --pipeline \(pipeline) --socket \(socket)
            """, in: folder, blocked: ignored ? [] : [SIGTERM, SIGINT, SIGUSR2])
        try wait(for: "the daemon") { (try? Client.connect(path: socket).isServing()) == true }
        #expect(daemon.stop() == 0)
    }

    @Test(arguments: [true, false]) func clientStopsThoughItsParentWantsNoSignals(
        ignored: Bool
    ) throws {
        let folder = try temporaryFolder()
        // A daemon that never answers.
        let socket = try ManagerSocket(folder.path + "/s")
        defer { socket.close() }
        let client = try Spawned(
            """
            \(ignored ? "trap '' TERM; " : "")exec \(Spawned.path("voken")) status \
            --socket \(folder.path)/s
            """, in: folder, blocked: ignored ? [] : [SIGTERM])
        let connection = accept(socket.descriptor, nil, nil)
        defer { close(connection) }
        #expect(client.stop() == 128 + SIGTERM)
    }

    @Test func probeThatHangsDoesNotHoldTheDaemonUp() throws {
        let plugin = try TestPlugin.path()
        let served = try ServedPipeline(swap: "probe_timeout_ms = 3_600_000")
        let swap = Program(
            "voken", ["swap", "scheduler", plugin, "--set", "act=hang", "--json"] + served.socket)
        try swap.process.run()
        let daemon = served.daemon.program.process.processIdentifier
        // A child belongs to the thread that has made it.
        func hasProbe() -> Bool {
            let tasks =
                (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon)/task")) ?? []
            return tasks.contains { task in
                let path = "/proc/\(daemon)/task/\(task)/children"
                return (try? String(contentsOfFile: path, encoding: .utf8))?.isEmpty == false
            }
        }
        try wait(for: "the probe") { hasProbe() }
        // Well within the grace of thirty seconds, and no call is cut off.
        #expect(served.daemon.stop().status == 0)
        let result = swap.finish()
        #expect(result.status != 0 && result.output.contains("about to end"), "\(result)")
    }
}
