import Daemon
import Dispatch
import EventLoop
import Foundation
import Glibc
import Synchronization
import Testing
import VokenClient
import Wire

/// Programs that a server may be told to start, and what became of it.
private final class Programs {
    let folder = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))"

    init() throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// A shell script, in which `$pipe` is where to say that one is ready.
    func script(_ name: String, _ text: String, mode: Int = 0o700) throws -> String {
        let path = folder + "/" + name
        let start = "#!/bin/sh\nnumbers=$(echo $* | sed 's/.*--inherit //')\n"
        let pipe = "pipe=/proc/$$/fd/${numbers##*,}\n"
        // By a child: a file that is open here for writing while another thread forks cannot be
        // run until that child has run its own program ("text file busy").
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = [
            "-c", #"printf '%s\n' "$2" > "$1"; chmod "$3" "$1""#, "sh", path, start + pipe + text,
            String(mode, radix: 8),
        ]
        try shell.run()
        shell.waitUntilExit()
        return path
    }

    /// Says that it serves, and keeps the path for as long as it lives; `seconds` may be 0.
    func successor(seconds: Int = 0) throws -> String {
        try script("ready-\(seconds)", "echo ready $$ 9.9 beta > $pipe; exec sleep \(seconds)")
    }
}

extension TestServer {
    /// All that comes of an upgrade.
    fileprivate func upgrade(to program: String?) -> [UpgradeProgress] {
        let steps = Mutex<[UpgradeProgress]>([])
        let ended = DispatchSemaphore(value: 0)
        server.upgrade(to: program) { step in
            steps.withLock { $0.append(step) }
            if case .phase = step {} else { ended.signal() }
        }
        #expect(ended.wait(timeout: .now() + 20) == .success)
        return steps.withLock { $0 }
    }

    fileprivate func failure(to program: String?) -> UpgradeFailure? {
        guard case .failed(let failure)? = upgrade(to: program).last else { return nil }
        return failure
    }
}

private func allow(_ settings: inout Server.Settings) {
    settings.upgrade = UpgradeSettings(program: "/nowhere/vokend", arguments: ["--an", "argument"])
    settings.upgrade?.limit = .milliseconds(500)
}

struct UpgradeTests {
    private let programs: Programs

    init() throws { programs = try Programs() }

    // MARK: Success

    @Test func serverRetiresWhenTheSuccessorIsReady() throws {
        let server = try TestServer {
            allow(&$0)
            $0.idle = .milliseconds(300)
        }
        let client = try server.connect()
        #expect(try client.isServing())
        let steps = try server.upgrade(to: programs.successor(seconds: 2))
        try #require(steps.count == 4)
        let names = steps.dropLast().compactMap { step -> UpgradePhase? in
            guard case .phase(let name, _, let microseconds) = step else { return nil }
            #expect((0..<20_000_000).contains(microseconds))
            return name
        }
        #expect(names == [.check, .start, .ready])
        guard case .upgraded(let pid, let version) = steps[3] else {
            Issue.record("\(steps[3])")
            return
        }
        #expect(pid != Int(getpid()) && kill(pid_t(pid), 0) == 0 && version == "9.9 beta")

        // Who is connected is served, and told so; who connects is the successor's.
        #expect(try client.isServing())
        #expect(try client.generate(GenerateRequest(prompt: "p")).all().last?.isEnd == true)
        #expect(server.failure(to: nil)?.code == .shuttingDown)
        server.server.waitUntilStopped()  // once the connection is idle
        #expect(FileManager.default.fileExists(atPath: server.path))
        #expect(throws: EventLoopError.self, "the successor holds the lock") {
            _ = try TestServer { $0.path = server.path }
        }
        kill(pid_t(pid), SIGKILL)
    }

    /// Each story is told once, by the old server or by the new one, though the old one closes
    /// connections under the hands of those who use them.
    @Test func noRequestIsLostOrDoubledWhenIdleConnectionsAreClosed() throws {
        for round in 0..<5 {
            let path = programs.folder + "/s\(round)"
            let shared = try SharedListener(path)
            let old = try TestServer(.tell(imageCount: 10)) {
                allow(&$0)
                $0.path = path
                $0.inherited = shared.descriptors[0]
                $0.idle = .milliseconds(1)
            }
            let clients = try (0..<8).map { _ in try Client.connect(path: path) }
            for client in clients { #expect(try client.isServing()) }
            let new = try TestServer(.tell(imageCount: 10)) {
                $0.path = path
                $0.inherited = shared.descriptors[1]
            }
            let successor = new.backend
            let asked = Atomic(0)
            let told = Atomic(0)
            let isUpgraded = Atomic(false)
            let failures = Mutex<[String]>([])
            let (group, begun) = (DispatchGroup(), DispatchSemaphore(value: 0))
            for (number, client) in clients.enumerated() {
                group.enter()
                Thread.detachNewThread {
                    var (story, after) = (0, 0)
                    while after < 20 || successor.requests.count < 8, after < 5000 {
                        story += 1
                        if isUpgraded.load(ordering: .relaxed) { after += 1 }
                        if story == 20 { begun.signal() }
                        asked.add(1, ordering: .relaxed)
                        // About as long as an idle connection has.
                        usleep(UInt32((story * 37 + number * 211) % 2500))
                        do {
                            let events = try client.generate(GenerateRequest(prompt: "a b")).all()
                            if events.last?.isEnd == true { told.add(1, ordering: .relaxed) }
                        } catch {
                            failures.withLock { $0.append("\(error)") }
                        }
                    }
                    group.leave()
                }
            }
            begun.wait()
            guard case .upgraded = try old.upgrade(to: programs.successor()).last else {
                isUpgraded.store(true, ordering: .relaxed)
                group.wait()
                Issue.record("no upgrade")
                return
            }
            isUpgraded.store(true, ordering: .relaxed)
            group.wait()
            old.server.waitUntilStopped()
            #expect(failures.withLock { $0 } == [])
            let count = asked.load(ordering: .relaxed)
            #expect(told.load(ordering: .relaxed) == count)
            #expect(old.backend.requests.count + new.backend.requests.count == count)
            #expect(new.backend.requests.count >= 8, "all clients have come over")
        }
    }

    @Test func whatRunsWhenTheTimeToRetireIsOverHasItsGrace() throws {
        let server = try TestServer(.wait) {
            allow(&$0)
            $0.retirement = .milliseconds(100)
            $0.grace = .milliseconds(100)
        }
        let story = try server.connect().generate(GenerateRequest(prompt: "p"))
        _ = try story.next()
        let start = ContinuousClock.now
        #expect(try server.upgrade(to: programs.successor()).count == 4)
        guard case .failed(let failure)? = try story.all().last?.kind else {
            Issue.record("no last event")
            return
        }
        #expect(failure.code == "shutting_down")
        #expect(ContinuousClock.now - start > .milliseconds(200))
        server.server.waitUntilStopped()
    }

    @Test func retiringServerCanBeDrained() throws {
        let server = try TestServer(.wait) {
            allow(&$0)
            $0.idle = .seconds(1000)
        }
        let client = try server.connect()
        let story = try client.generate(GenerateRequest(prompt: "p"))
        let job = try #require(try story.next()?.job)
        #expect(try server.upgrade(to: programs.successor(seconds: 2)).count == 4)
        server.server.drain()
        #expect(try !client.isServing())
        #expect(try client.cancel(job: job).known)
        server.server.waitUntilStopped()
        #expect(FileManager.default.fileExists(atPath: server.path), "it is the successor's")
    }

    // MARK: Failure

    @Test func programThatMayNotRunIsRefused() throws {
        let server = try TestServer { allow(&$0) }
        let open = try programs.script("open", "exit 0", mode: 0o722)
        #expect(server.failure(to: open)?.code == .notTrusted)
        let folder = programs.folder + "/open.d"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o777])
        unsafe chmod(folder, 0o777)
        _ = try programs.script("open.d/closed", "exit 0")
        #expect(server.failure(to: folder + "/closed")?.code == .notTrusted)
        for path in [
            programs.folder + "/absent", programs.folder, "bin/sh", "",
            try programs.script("plain", "exit 0", mode: 0o600),
        ] {
            let failure = server.failure(to: path)
            #expect(failure?.code == .notFound && failure?.phase == .check, "\(path)")
        }
        #expect(server.failure(to: nil)?.message.contains("/nowhere/vokend") == true)
        try "no program".write(
            toFile: programs.folder + "/text", atomically: false, encoding: .utf8)
        unsafe chmod(programs.folder + "/text", 0o700)
        let text = server.failure(to: programs.folder + "/text")
        #expect(text?.code == .startFailed && text?.phase == .start)
        #expect(try server.connect().isServing())
    }

    @Test func successorThatEndsChangesNothing() throws {
        let server = try TestServer {
            allow(&$0)
            $0.upgrade?.limit = .seconds(20)
        }
        let client = try server.connect()
        let silent = server.failure(to: try programs.script("false", "exit 1"))
        #expect(silent?.code == .successorFailed && silent?.phase == .ready)
        #expect(silent?.message.contains("status 1") == true)
        let talking = server.failure(
            to: try programs.script(
                "talks", "echo \"$*\" > $pipe; echo no model there > $pipe; exit 7"))
        #expect(talking?.code == .successorFailed)
        #expect(talking?.message.contains("status 7") == true)
        #expect(talking?.message.contains("--an argument --inherit") == true)
        #expect(talking?.message.contains("no model there") == true)
        let crash = server.failure(to: try programs.script("crash", "kill -SEGV $$"))
        #expect(crash?.message.contains("signal 11") == true)
        let flood = server.failure(
            to: try programs.script("flood", "yes 0123456789 | head -100000 > $pipe; exit 1"))
        #expect(flood?.code == .successorFailed)
        #expect((flood?.message.utf8.count ?? 0) < 5000)
        // A line that is not ended is not said.
        let half = server.failure(
            to: try programs.script("half", "printf 'ready 1 1' > $pipe; exit 1"))
        #expect(half?.code == .successorFailed)
        #expect(try client.isServing() && server.connect().isServing())
        #expect(try server.upgrade(to: programs.successor()).count == 4, "it can still be upgraded")
    }

    @Test func successorThatHangsIsKilled() throws {
        let server = try TestServer { allow(&$0) }
        let note = programs.folder + "/pid"
        let hung = server.failure(
            to: try programs.script("hangs", "echo $$ > \(note); exec sleep 100"))
        #expect(hung?.code == .successorHung)
        let pid = try #require(
            pid_t(String(contentsOfFile: note, encoding: .utf8).dropLast()))
        #expect(kill(pid, 0) != 0 && errno == ESRCH)
        #expect(try server.connect().isServing())
    }

    @Test func oneUpgradeAtATime() throws {
        let server = try TestServer { allow(&$0) }
        let ended = DispatchSemaphore(value: 0)
        let other = Mutex<UpgradeFailure?>(nil)
        let slow = try programs.script("slow", "exec sleep 100")
        server.server.upgrade(to: slow) { step in
            if case .failed = step { ended.signal() }
        }
        server.server.upgrade(to: slow) { step in
            if case .failed(let failure) = step { other.withLock { $0 = failure } }
            ended.signal()
        }
        ended.wait()
        #expect(other.withLock { $0?.code } == .busy)
        ended.wait()
    }

    @Test func serverThatIsToldToStopGivesTheUpgradeUp() throws {
        let server = try TestServer {
            allow(&$0)
            $0.upgrade?.limit = .seconds(1000)
        }
        let note = programs.folder + "/pid"
        let slow = try programs.script(
            "slow",
            "trap 'echo told >> \(note); exit' TERM; echo $$ > \(note); while :; do sleep 0.05; done"
        )
        let failure = Mutex<UpgradeFailure?>(nil)
        server.server.upgrade(to: slow) { step in
            if case .failed(let reason) = step { failure.withLock { $0 = reason } }
        }
        #expect(
            server.wait { (try? String(contentsOfFile: note, encoding: .utf8))?.count ?? 0 > 1 })
        server.server.drain()
        server.server.waitUntilStopped()
        #expect(failure.withLock { $0?.code } == .shuttingDown)
        let words = {
            ((try? String(contentsOfFile: note, encoding: .utf8)) ?? "").split(separator: "\n")
        }
        #expect(server.wait { words().last == "told" })
        // It is reaped as well: a child that nobody waits for would stay for as long as this runs.
        let pid = try #require(words().first.flatMap { pid_t($0) })
        #expect(server.wait { kill(pid, 0) != 0 && errno == ESRCH })
        #expect(!FileManager.default.fileExists(atPath: server.path))
    }

    @Test func serverWithoutSettingsSaysSo() throws {
        let server = try TestServer()
        #expect(try server.failure(to: programs.successor())?.code == .startFailed)
    }

    // MARK: The parts

    @Test func argumentsOfAnEarlierUpgradeAreLeftOut() {
        let arguments = ["--inherit", "3,4,5", "--socket", "s", "--inherit=6,7,8", "-v"]
        #expect(Predecessor.strip(arguments) == ["--socket", "s", "-v"])
        #expect(Predecessor.strip(["a", "--inherit"]) == ["a"])
    }

    @Test(arguments: [
        "", "3", "3,4", "0,1,2", "900001,900002,900003", "3,3,3", "3,4,5,6", "x,y,z", "-3,4,5",
    ])
    func descriptorsThatAreNoneAreRefused(text: String) {
        #expect(Predecessor(text) == nil)
    }

    @Test func programIsKnownByThePathOfItsStart() throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        #expect(RunningProgram.path(startedAs: own) == own)
        let link = programs.folder + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: own)
        #expect(RunningProgram.path(startedAs: link) == link)
        #expect(RunningProgram.path(startedAs: "/bin/sh") == own)
        #expect(RunningProgram.path(startedAs: "./nowhere") == own)
        #expect(RunningProgram.path(startedAs: "sh") == own)
    }
}
