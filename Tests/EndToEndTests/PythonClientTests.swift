import Foundation
import Glibc
import Testing

/// The example of a client in another language: it has nothing but the daemon's own descriptors.
@Suite(.enabled(if: PythonClient.isReady, PythonClient.remedy))
struct PythonClientTests {
    @Test func storyIsThatOfOurOwnClient() throws {
        let served = try ServedPipeline()
        let ours = served.folder.appending(path: "ours")
        let told = try served.run([
            "generate", "A fox.", "--scenes", "2", "--seed", "7", "--out", ours.path, "--quiet",
        ])
        #expect(told.status == 0, "\(told.errors)")

        let out = served.folder.appending(path: "python")
        let result = try PythonClient.run([
            "--socket", served.daemon.socket.path, "--out", out.path, "--scenes", "2", "--seed",
            "7", "A fox.",
        ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.hasPrefix("vokend "))
        #expect(result.output.contains("A fox."))
        let pictures = try FileManager.default.contentsOfDirectory(atPath: out.path).sorted()
        #expect(!pictures.isEmpty)
        for picture in pictures {
            #expect(
                try Data(contentsOf: out.appending(path: picture))
                    == Data(contentsOf: ours.appending(path: picture)))
        }
    }

    @Test func refusalIsShown() throws {
        let served = try ServedPipeline()
        let result = try PythonClient.run([
            "--socket", served.daemon.socket.path, "--out", served.folder.path + "/out",
            "--scenes", "1000000", "A fox.",
        ])
        #expect(result.status == 1)
        #expect(result.errors.contains("refused: ") && result.errors.contains("scenes"))
    }

    @Test func noDaemonIsSaidSo() throws {
        let result = try PythonClient.run(["--socket", "/tmp/voken-none/s", "A fox."])
        #expect(result.status == 3)
        #expect(result.errors.contains("/tmp/voken-none/s"))
    }

    @Test func interruptCancelsTheStory() throws {
        // Long enough for the signal to come in between.
        let served = try ServedPipeline("pocket")
        let out = served.folder.appending(path: "out")
        let client = PythonClient.program([
            "--socket", served.daemon.socket.path, "--out", out.path, "--scenes", "4",
            "Mia the rabbit found a blue ball in the park.",
        ])
        try client.process.run()
        try wait(for: "the story to draw") {
            try served.run(["jobs"]).output.contains("image 1")
        }
        kill(client.process.processIdentifier, SIGINT)
        let result = client.finish()
        #expect(result.status == 5, "\(result.errors)")
        #expect(result.errors.contains("cancelled"))
        #expect(try !served.run(["jobs"]).output.contains("  running  "))
    }
}

private enum PythonClient {
    /// As etc/test makes it.
    private static let python = Program.root.appending(path: ".build/python/bin/python")
    private static let script = Program.root.appending(path: "etc/examples/client.py")

    static let remedy: Comment = "run Tests/Interop/python, which needs PyPI"

    static var isReady: Bool {
        let process = Process()
        process.executableURL = python
        process.arguments = ["-c", "import google.protobuf"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    /// A thread that tests run on may block signals, and what it starts inherits that; a shell does
    /// not.
    private static let unblocked = """
        import runpy, signal, sys
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        sys.argv = sys.argv[1:]
        runpy.run_path(sys.argv[0], run_name="__main__")
        """

    static func program(_ arguments: [String]) -> Program {
        Program(executable: python, ["-c", unblocked, script.path] + arguments)
    }

    static func run(_ arguments: [String]) throws -> Program.Result {
        let program = program(arguments)
        try program.process.run()
        return program.finish()
    }
}
