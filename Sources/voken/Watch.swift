import ArgumentParser
import Checkpoints
import Glibc
import Pipelines
import Stages
import Stories
import VokenClient
import Wire

/// `voken watch`: swaps a plugin's file in whenever it was built anew.
struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Swap a plugin in whenever its file changes: for authors.",
        discussion: """
            A file that is refused is said so, and what served before serves on. With --build, the \
            command runs first, whenever a file in the folder of --sources changes:

              voken watch scheduler .build/release/libeuler.so --build "swift build -c release"
            """)

    @Argument(help: "The stage.", transform: stageKind)
    var stage: StageKind

    @Argument(help: "The plugin's file.")
    var plugin: String

    @Option(help: ArgumentHelp("An option of the stage; repeatable.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: "A model folder, or a safetensors file in place of its weights.")
    var weights: String?

    @Option(help: "A command that builds the plugin.")
    var build: String?

    @Option(help: "The folder of its sources.")
    var sources = "Sources"

    @Option(help: "End after so many swaps, done or failed.")
    var count: Int?

    @OptionGroup var output: SwapOutput
    @OptionGroup var daemon: DaemonOptions

    private static let pauseMicroseconds: UInt32 = 200_000

    func run() throws {
        let request = SwapRequest(
            kind: stage.rawValue, plugin: FilePath.absolute(plugin),
            weights: weights.map(FilePath.absolute) ?? "", options: optionsText(try options(set)))
        var sourceStamp: FolderStamp?
        var pluginStamp: FileIdentity?
        var done = 0
        while done < count ?? .max {
            if let build {
                let stamp = try FolderStamp(sources)
                if stamp != sourceStamp { runCommand(build) }
                sourceStamp = stamp
            }
            let stamp = FileIdentity(path: PluginReference(plugin).file ?? plugin)
            if let stamp, stamp != pluginStamp {
                try swap(request)
                done += 1
            }
            pluginStamp = stamp
            usleep(Self.pauseMicroseconds)
        }
    }

    /// What is wrong with this build may be right with the next.
    private func swap(_ request: SwapRequest) throws {
        do {
            try output.follow { try daemon.connect().swap(request) }
        } catch let failure as Failure where failure.exitCode == 1 {
            write("voken: \(failure.message)\n", to: 2)
        }
    }

    private func runCommand(_ command: String) {
        var arguments = unsafe [strdup("sh"), strdup("-c"), strdup(command), nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var process = pid_t()
        let status = unsafe posix_spawn(&process, "/bin/sh", nil, nil, &arguments, environ)
        guard status == 0 else {
            return write("voken: cannot run \(command): error \(status)\n", to: 2)
        }
        var ended: Int32 = 0
        while unsafe waitpid(process, &ended, 0) < 0, errno == EINTR {}
        if ended != 0 { write("voken: the build has failed; waiting for a change\n", to: 2) }
    }
}

/// The files below a folder, hidden ones left out.
private struct FolderStamp: Equatable {
    private static let maximumFiles = 10_000
    private var files: [String: FileIdentity] = [:]

    init(_ folder: String) throws {
        try add(folder)
        guard !files.isEmpty else {
            throw Failure.failed("\(folder) holds no files: name the folder with --sources")
        }
    }

    private mutating func add(_ folder: String) throws {
        for name in Folder.names(in: folder) ?? [] where !name.hasPrefix(".") {
            let path = folder + "/" + name
            if let stamp = FileIdentity(path: path) {
                files[path] = stamp
            } else {
                try add(path)
            }
            guard files.count <= Self.maximumFiles else {
                throw Failure.failed(
                    "\(folder) holds over \(Self.maximumFiles) files: name a smaller folder "
                        + "with --sources")
            }
        }
    }
}
