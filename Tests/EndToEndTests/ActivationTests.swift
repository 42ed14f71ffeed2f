import Foundation
import Glibc
import Testing
import VokenClient

/// `vokend` under a service manager, whose part the tests play.
@Suite struct ActivationTests {
    private let folder: URL
    private let notices: ManagerSocket
    private let pipeline = Program.root.appending(path: "etc/pipelines/echo.toml").path
    private var main: String { folder.path + "/main.sock" }
    private var generate: String { folder.path + "/generate.sock" }

    init() throws {
        folder = try temporaryFolder()
        notices = try ManagerSocket(folder.path + "/notify", SOCK_DGRAM)
    }

    private func start(
        _ arguments: String = "", names: String?, _ sockets: [ManagerSocket]
    ) throws -> Spawned {
        var environment = [
            "LISTEN_FDS": "\(sockets.count)", "NOTIFY_SOCKET": folder.path + "/notify",
            "WATCHDOG_USEC": "1000000",
        ]
        environment["LISTEN_FDNAMES"] = names
        let descriptors = sockets.enumerated().map { (Int32($0) + 3, $1.descriptor) }
        return try Spawned(
            """
            LISTEN_PID=$$ WATCHDOG_PID=$$ exec \(Spawned.path("vokend")) \
            --pipeline \(pipeline) \(arguments)
            """, in: folder, environment: environment,
            descriptors: Dictionary(uniqueKeysWithValues: descriptors))
    }

    private func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Waits for a process that is not this one's child.
    private func waitForEnd(of process: Int) -> Bool {
        for _ in 0..<600 {
            if kill(pid_t(process), 0) != 0 { return true }
            usleep(50_000)
        }
        return false
    }

    @Test func socketsOfTheManagerAreServedAndLeft() throws {
        let sockets = [try ManagerSocket(generate), try ManagerSocket(main)]
        defer { for socket in sockets { socket.close() } }
        // A caller who came before the daemon is served when it is ready.
        let early = try Client.connect(path: main)
        let daemon = try start(names: "generate:voken", sockets)
        #expect(notices.line("STATUS=loading ") == "echo")
        #expect(notices.line("EXTEND_TIMEOUT_USEC=") == "300000000")
        #expect(notices.line("READY=") == "1")
        #expect(notices.line("WATCHDOG=") == "1")
        #expect(try early.status().pid == Int(daemon.process))
        #expect(try Client.connect(path: generate).isServing())
        // Neither the sockets nor the variables are handed on to plugins' probes.
        #expect(
            try Program.run("voken", ["swap", "scheduler", "ddim", "--socket", main]).status == 0)
        #expect(notices.line("STATUS=serving ") == "echo, generation 2")

        #expect(daemon.stop() == 0, "\(daemon.output)")
        #expect(notices.line("STOPPING=") == "1")
        for path in [main, generate] {
            #expect(isThere(path) && !isThere(path + ".lock"))
        }
        // The next one takes the callers that have come meanwhile.
        let waiting = try Client.connect(path: main)
        let next = try start(names: "generate:voken", sockets)
        #expect(try waiting.status().pid == Int(next.process))
        #expect(next.stop() == 0)
    }

    @Test func upgradeHandsOnWhatTheManagerHasMade() throws {
        let sockets = [try ManagerSocket(main), try ManagerSocket(generate)]
        defer { for socket in sockets { socket.close() } }
        let daemon = try start(names: "voken:generate", sockets)
        #expect(notices.line("READY=") == "1")
        kill(daemon.process, SIGUSR2)
        let successor = try #require(notices.line("MAINPID=").flatMap { Int($0) })
        #expect(successor != Int(daemon.process))
        #expect(notices.line("READY=") == "1")
        #expect(daemon.wait() == 0, "\(daemon.output)")
        for path in [main, generate] {
            #expect(try Client.connect(path: path).status().pid == successor)
        }
        // It is watched in its turn, and stops as the first would.
        #expect(notices.line("WATCHDOG=") == "1")
        kill(pid_t(successor), SIGTERM)
        #expect(notices.line("STOPPING=") == "1")
        #expect(waitForEnd(of: successor))
        #expect(isThere(main) && isThere(generate))
    }

    @Test func oneSocketIsTheMainOneWhateverItsName() throws {
        let socket = try ManagerSocket(main)
        defer { socket.close() }
        for names in [nil, "unknown", "voken.socket", "voken"] {
            let daemon = try start("--socket \(main)", names: names, [socket])
            #expect(notices.line("READY=") == "1")
            #expect(try Client.connect(path: main).status().pid == Int(daemon.process))
            #expect(daemon.stop() == 0)
        }
    }

    /// The main socket is its own then.
    @Test func socketForGeneratingAloneCanBeTheManagers() throws {
        let socket = try ManagerSocket(generate)
        defer { socket.close() }
        let own = folder.path + "/run/own.sock"
        let daemon = try start("--socket \(own)", names: "generate", [socket])
        #expect(notices.line("READY=") == "1")
        for path in [own, generate] {
            #expect(try Client.connect(path: path).status().pid == Int(daemon.process))
        }
        #expect(daemon.stop() == 0)
        #expect(!isThere(own) && isThere(generate))
    }

    @Test func whatCannotBeServedIsRefused() throws {
        let socket = try ManagerSocket(main)
        let other = try ManagerSocket(generate)
        let datagrams = try ManagerSocket(folder.path + "/datagrams", SOCK_DGRAM)
        defer { for socket in [socket, other, datagrams] { socket.close() } }
        for (arguments, names, sockets, status, text) in [
            ("--socket \(generate)", "voken", [socket], 2, "bound to \(main)"),
            ("--generate-socket \(main)", "voken", [socket], 2, "same path"),
            ("", "voken:voken", [socket, other], 1, "FileDescriptorName"),
            ("", "voken:other", [socket, other], 1, "FileDescriptorName"),
            ("", nil, [socket, other], 1, "FileDescriptorName"),
            ("", "voken", [datagrams], 1, "descriptor 3"),
            ("", "voken:generate:x", [socket, other, datagrams], 1, "LISTEN_FDS"),
        ] as [(String, String?, [ManagerSocket], Int32, String)] {
            let daemon = try start(arguments, names: names, sockets)
            #expect(daemon.wait() == status, "\(daemon.output)")
            #expect(daemon.output.contains(text), "\(daemon.output)")
        }
        #expect(isThere(main) && isThere(generate))
    }

    /// Without the manager's descriptor, the path is not taken from it.
    @Test func pathOfTheManagerIsNotTaken() throws {
        let socket = try ManagerSocket(main)
        defer { socket.close() }
        let result = try Program.run("vokend", ["--socket", main, "--pipeline", pipeline])
        #expect(result.status == 1 && result.errors.contains("served by another program"))
        #expect(isThere(main))
    }

    private static let analyze = "/usr/bin/systemd-analyze"

    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: analyze), "systemd is not installed"),
        arguments: ["", "user/"])
    func unitsAreWhatSystemdUnderstands(folder: String) throws {
        let units = Program.root.appending(path: "etc/systemd/\(folder)").path
        let copies = try temporaryFolder()
        var paths: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: units)
        where name.hasSuffix(".service") || name.hasSuffix(".socket") {
            let text = try String(contentsOfFile: "\(units)/\(name)", encoding: .utf8)
            paths.append("\(copies.path)/\(name)")
            try text.replacing("/usr/bin/voken", with: Spawned.path("voken"))
                .write(toFile: paths[paths.count - 1], atomically: false, encoding: .utf8)
        }
        let command =
            "\(Self.analyze) \(folder.isEmpty ? "" : "--user ")verify \(paths.joined(separator: " "))"
        let check = try Spawned(
            "exec " + command, in: copies, environment: ["XDG_RUNTIME_DIR": copies.path])
        #expect(check.wait() == 0 && check.output.isEmpty, "\(check.output)")
    }
}
