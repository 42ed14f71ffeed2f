import Foundation
import Testing

/// Disks that are too small, and files that may not be as large as they must be.
@Suite struct ImportRoomTests {
    /// A limit on the size of files, which the first is over.
    @Test func aFileThatMayNotGrowFurtherIsNamed() throws {
        let stages = ["--stage", "vae", "--stage", "text_encoder"]
        let source = try Imported([Imported.pocket], stages)
        #expect(source.result.status == 0, "\(source.result.errors)")
        for command in [
            ["import", Imported.pocket] + stages,
            ["models", "quantize", source.folder, "--type", "bf16"],
        ] {
            let (folder, whole) = (
                try temporaryFolder().path + "/model", try temporaryFolder().path + "/model"
            )
            let file = folder + ".part/vae/model.safetensors"
            // Once more under the limit: what is written is not written again.
            var written: [Int] = []
            for _ in 0..<2 {
                let limited = try shell(
                    "trap '' XFSZ; ulimit -f 1200; exec \"$@\"",
                    [Self.voken] + command + ["--to", folder])
                #expect(limited.status == 1)
                for word in [
                    file + ": File too large", "ulimit -f", "--to", "MiB are still to be written",
                ] { #expect(limited.errors.contains(word), "\(limited.errors)") }
                #expect(!FileManager.default.fileExists(atPath: folder))
                written.append(
                    try String(contentsOfFile: folder + ".part/journal", encoding: .utf8)
                        .split(separator: "\n").count { $0.hasPrefix("tensor ") })
            }
            #expect(written[0] > 0 && written[1] == written[0], "\(written)")
            for target in [folder, whole] {
                let result = try Program.run("voken", command + ["--to", target])
                #expect(result.status == 0, "\(result.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: folder + ".part"))
            #expect(try Imported.contents(of: folder) == Imported.contents(of: whole))
        }
    }

    @Test(.enabled(if: canMount)) func aFullDiskIsNoticedBeforeAnythingIsWritten() throws {
        let result = try onDisk(
            mebibytes: 2,
            "mkdir below; \"$0\" import \"$1\" --to below/model; echo $? $(find below)")
        #expect(result.output == "1 below\n", "\(result.output)")
        for word in ["below/model.part needs ", "MiB more, and its disk has 2 MiB free", "--type"] {
            #expect(result.errors.contains(word), "\(result.errors)")
        }
    }

    /// Others fill the disk while the import writes: it is stopped meanwhile.
    @Test(.enabled(if: canMount)) func aDiskThatBecomesFull() throws {
        let script = """
            source=$1
            begin() { exec "$0" import "$source" --to model --stage image_encoder --stage unet; }
            begin & import=$!
            until grep -qs '^tensor' model.part/journal; do kill -0 $import || exit; done
            kill -STOP $import
            cat /dev/zero >others 2>/dev/null
            kill -CONT $import
            wait $import
            echo $? $(ls)
            rm others
            (begin) >/dev/null && ls && cp -r model "$2"
            """
        let copy = try temporaryFolder().path
        let result = try onDisk(mebibytes: 64, script, copy)
        #expect(result.output == "1 model.part others\nmodel\n", "\(result)")
        for word in [
            "model.part/", ": No space left on device; make room, and the same command goes on",
        ] { #expect(result.errors.contains(word), "\(result.errors)") }
        let whole = try Imported(
            [Imported.pocket], ["--stage", "image_encoder", "--stage", "unet"])
        #expect(try Imported.contents(of: whole.folder) == Imported.contents(of: copy + "/model"))
    }

    private static let voken = Program.folder.path + "/voken"

    /// Whether a process may have a disk of its own.
    private static let canMount: Bool = {
        let result = try? run("/usr/bin/unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"])
        return result?.status == 0
    }()

    /// Runs a script in a folder on a disk of a given size, with `voken`, the pocket model and
    /// another argument as `$0` to `$2`.
    private func onDisk(
        mebibytes: Int, _ script: String, _ argument: String = ""
    ) throws -> Program.Result {
        let disk = try temporaryFolder().path
        return try Self.run(
            "/usr/bin/unshare",
            [
                "-rm", "/bin/bash", "-c",
                "mount -t tmpfs -o size=\(mebibytes)m tmpfs \(disk) && cd \(disk) || exit; \(script)",
                Self.voken, Imported.pocket, argument,
            ])
    }

    private func shell(_ script: String, _ arguments: [String]) throws -> Program.Result {
        try Self.run("/bin/bash", ["-c", script, "bash"] + arguments)
    }

    private static func run(_ path: String, _ arguments: [String]) throws -> Program.Result {
        let program = Program(executable: URL(filePath: path), arguments)
        try program.process.run()
        return program.finish()
    }
}
