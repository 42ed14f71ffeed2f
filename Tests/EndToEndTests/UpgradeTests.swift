import Dispatch
import Foundation
import Glibc
import Synchronization
import Testing
import VokenClient
import Wire

/// Tells stories without pause until told to stop.
private final class Crowd: Sendable {
    private let group = DispatchGroup()
    private let isOver = Atomic(false)
    private let told = Mutex<[String: Int]>([:])
    private let problems = Mutex<[String]>([])

    /// - Parameter tell: tells one story and returns its text.
    func add(_ name: String, _ tell: @escaping @Sendable () throws -> String) {
        group.enter()
        Thread.detachNewThread { [self] in
            var text: String?
            while !isOver.load(ordering: .relaxed) {
                do {
                    let story = try tell()
                    if story != text, let text {
                        problems.withLock { $0.append("\(name): \(story) after \(text)") }
                    }
                    text = story
                    told.withLock { $0[name, default: 0] += 1 }
                } catch {
                    problems.withLock { $0.append("\(name): \(error)") }
                }
            }
            group.leave()
        }
    }

    /// How many stories each has told.
    var counts: [String: Int] { told.withLock { $0 } }

    func stop() -> [String] {
        isOver.store(true, ordering: .relaxed)
        group.wait()
        return problems.withLock { $0 }
    }
}

extension Client {
    /// A story's text and its pictures' hashes.
    fileprivate func tell() throws -> String {
        let request = GenerateRequest(
            prompt: "Mia found a ball.", scenes: 2, steps: 2, seed: 7)
        var text = ""
        let story = try generate(request)
        while let event = try story.next() {
            switch event.kind {
            case .text(let more): text += more
            case .imageDone(let image): text += image.sha256
            case .failed(let failure): throw StoryFailure(message: failure.message)
            default: break
            }
        }
        return text
    }
}

private struct StoryFailure: Error {
    let message: String
}

/// A daemon of echo stages, which is found by its socket: its process changes.
private final class UpgradableDaemon {
    let folder: URL
    let link: URL
    private let program: Program
    var socket: String { folder.path + "/run/voken.sock" }

    /// - Parameter arguments: of `vokend`, which is started by a symbolic link.
    init(_ arguments: [String] = []) throws {
        folder = try temporaryFolder()
        link = folder.appending(path: "vokend")
        let pipeline = Program.root.appending(path: "etc/pipelines/echo.toml")
        program = Program(
            "vokend",
            [
                "--socket", folder.path + "/run/voken.sock", "--pipeline", pipeline.path,
            ] + arguments)
        program.process.executableURL = link
        try point(to: Program.folder.path + "/vokend")
        try program.process.run()
        #expect(wait { (try? self.status()) != nil })
    }

    /// Makes the link lead elsewhere.
    func point(to path: String) throws {
        _ = unsafe unlink(link.path)
        try FileManager.default.createSymbolicLink(
            atPath: link.path, withDestinationPath: path)
    }

    func connect() throws -> Client { try Client.connect(path: socket) }

    /// Of the process that serves new callers.
    func status() throws -> StatusReply { try connect().status() }

    func wait(_ condition: () -> Bool) -> Bool {
        for _ in 0..<400 {
            if condition() { return true }
            usleep(50_000)
        }
        return false
    }

    /// - Returns: the process that serves now.
    func upgrade() throws -> Int {
        let old = try status().pid
        kill(pid_t(old), SIGUSR2)
        #expect(wait { (try? self.status().pid) != old }, "no process has taken over")
        return try status().pid
    }

    /// How many files a process has open; 0 if it has ended.
    func openFiles(_ process: Int) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count) ?? 0
    }

    /// Stops the process that serves, and waits until all are gone.
    ///
    /// - Returns: of the first process, with what all have logged.
    func stop() throws -> Program.Result {
        kill(pid_t(try status().pid), SIGTERM)
        return program.finish()
    }
}

@Suite struct UpgradeTests {
    @Test func upgradesUnderLoadRefuseNobodyAndFailNothing() throws {
        // So short a time to retire that connections without a pause see its end.
        let daemon = try UpgradableDaemon(["--retire", "1"])
        let crowd = Crowd()
        for number in 0..<3 {
            let client = try daemon.connect()
            crowd.add("one connection \(number)") { try client.tell() }
        }
        let socket = daemon.socket
        for number in 0..<2 {
            crowd.add("a connection a story \(number)") {
                try Client.connect(path: socket).tell()
            }
        }
        crowd.add("several at a time") { [client = try daemon.connect()] in
            let texts = Mutex<Set<String>>([])
            DispatchQueue.concurrentPerform(iterations: 2) { _ in
                let text = Result { try client.tell() }
                texts.withLock { _ = $0.insert("\(text)") }
            }
            return texts.withLock { $0.sorted().joined(separator: " and ") }
        }
        let out = daemon.folder.path + "/out"
        crowd.add("voken") {
            let result = try Program.run(
                "voken",
                [
                    "generate", "Mia found a ball.", "--scenes", "1", "--steps", "1", "--seed",
                    "7", "--socket", socket, "--out", out, "--force",
                ])
            guard result.status == 0 else { throw StoryFailure(message: result.errors) }
            return result.output
        }

        var processes = [try daemon.status().pid]
        let files = daemon.openFiles(processes[0])
        for _ in 0..<5 {
            let before = crowd.counts
            processes.append(try daemon.upgrade())
            // All go on: those of old connections, and those of new ones.
            #expect(
                daemon.wait { crowd.counts.allSatisfy { $0.value > before[$0.key, default: 0] } },
                "\(before) \(crowd.counts)")
        }
        #expect(Set(processes).count == 6)
        // They end though there are clients that never pause.
        for process in processes.dropLast() {
            #expect(daemon.wait { daemon.openFiles(process) == 0 })
        }
        #expect(crowd.stop() == [])
        #expect(crowd.counts.count == 7)
        // Nothing is handed on from process to process but what serves.
        let last = try #require(processes.last)
        #expect(daemon.wait { daemon.openFiles(last) <= files })

        let result = try daemon.stop()
        #expect(result.status == 0, "\(result.errors)")
        #expect(!result.errors.contains("error vokend"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: daemon.socket))
        #expect(daemon.openFiles(last) == 0)
        let next = try Daemon(
            in: daemon.folder,
            ["--pipeline", Program.root.appending(path: "etc/pipelines/echo.toml").path])
        #expect(next.stop().status == 0, "the lock is free")
    }

    @Test func upgradeThatFailsChangesNothing() throws {
        let daemon = try UpgradableDaemon(["--upgrade-timeout", "1"])
        let first = try daemon.status().pid
        let client = try daemon.connect()
        let crowd = Crowd()
        crowd.add("one connection") { try client.tell() }
        let socket = daemon.socket
        crowd.add("a connection a story") { try Client.connect(path: socket).tell() }

        let files = daemon.openFiles(first)
        let script = daemon.folder.path + "/hangs"
        try "#!/bin/sh\nexec sleep 100\n".write(
            toFile: script, atomically: false, encoding: .utf8)
        unsafe chmod(script, 0o755)
        let text = daemon.folder.path + "/text"
        try "no program".write(toFile: text, atomically: false, encoding: .utf8)
        for path in ["/nowhere", "/bin/false", text, script] {
            try daemon.point(to: path)
            kill(pid_t(first), SIGUSR2)
            usleep(path == script ? 1_500_000 : 300_000)
            #expect(try daemon.status().pid == first)
        }
        #expect(crowd.stop() == [])
        #expect(daemon.wait { daemon.openFiles(first) <= files + 1 })

        // What was repaired can be upgraded to.
        try daemon.point(to: Program.folder.path + "/vokend")
        #expect(try daemon.upgrade() != first)
        #expect(try client.isServing(), "connects again if need be")
        let log = try daemon.stop().errors
        for code in ["not_found", "successor_failed", "successor_hung"] {
            #expect(log.contains("code=\(code)"), "\(log)")
        }
        #expect(log.contains("status 1"))
    }

    @Test func newProcessThatCannotLoadItsStagesSaysWhy() throws {
        let folder = try temporaryFolder()
        let pipeline = folder.appending(path: "echo.toml")
        let text = try String(
            contentsOf: Program.root.appending(path: "etc/pipelines/echo.toml"), encoding: .utf8)
        try text.write(to: pipeline, atomically: true, encoding: .utf8)
        let daemon = try UpgradableDaemon(["--pipeline", pipeline.path])
        let first = try daemon.status().pid
        try (text + "\n[stage.nonsense]\n").write(to: pipeline, atomically: true, encoding: .utf8)
        kill(pid_t(first), SIGUSR2)
        usleep(500_000)
        #expect(try daemon.status().pid == first)
        let log = try daemon.stop().errors
        #expect(log.contains("status 7") && log.contains("nonsense"), "\(log)")
        #expect(log.contains("code=successor_failed"), "\(log)")
    }

    @Test func vokendsOwnOptionIsNotForPeople() throws {
        for text in ["3,4", "700,701,702"] {
            let result = try Program.run("vokend", ["--inherit", text])
            #expect(result.status == 2, "\(result.errors)")
            #expect(result.errors.contains("--inherit"))
        }
        let result = try Program.run("vokend", ["--help"])
        #expect(result.output.contains("SIGUSR2") && !result.output.contains("--inherit"))
    }
}
