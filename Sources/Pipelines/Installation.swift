import Glibc

/// Where this copy of Voken lies: beside the running program, in a build folder or installed.
public struct Installation: Sendable {
    /// The folder of the running executable, links resolved.
    public let programs: String

    public static let current = Installation(programs: executableFolder())

    public init(programs: String) { self.programs = programs }

    /// Where plugins are looked for besides a pipeline's own `plugin_dirs`: beside the program
    /// (a build folder), then `../lib/voken/plugins` (an installation).
    public var pluginFolders: [String] {
        [programs, programs + "/../lib/voken/plugins"].filter(isFolder)
    }

    /// Where a daemon listens, and is looked for in this order: below `$XDG_RUNTIME_DIR`, if that
    /// is set, then below `/run`.
    public static var socketPaths: [String] {
        let system = "/run/voken/voken.sock"
        guard let folder = unsafe getenv("XDG_RUNTIME_DIR"), unsafe folder.pointee != 0 else {
            return [system]
        }
        return [unsafe String(cString: folder) + "/voken/voken.sock", system]
    }

    /// Where a daemon keeps what survives it: `$STATE_DIRECTORY` (systemd), `$XDG_STATE_HOME/voken`,
    /// or `~/.local/state/voken`; `nil` if none of the variables is set.
    public static var stateFolder: String? {
        func variable(_ name: String) -> String? {
            guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { return nil }
            return unsafe String(cString: value)
        }
        if let folders = variable("STATE_DIRECTORY") {
            return folders.split(separator: ":").first.map(String.init)
        }
        if let folder = variable("XDG_STATE_HOME") { return folder + "/voken" }
        return variable("HOME").map { $0 + "/.local/state/voken" }
    }

    /// The default pipeline file: `../share/voken/pipelines/pocket.toml` of an installation, or
    /// `etc/pipelines/pocket.toml` of the checkout around a build folder; `nil` if neither exists.
    public var defaultPipeline: String? {
        let installed = programs + "/../share/voken/pipelines/pocket.toml"
        if isFile(installed) { return installed }
        return foldersAbove.map { $0 + "/etc/pipelines/pocket.toml" }.first(where: isFile)
    }

    /// Where models are looked for: the folder `models` beside that of the default pipeline.
    public var modelFolder: String? {
        defaultPipeline.map { FilePath.parent(of: FilePath.parent(of: $0)) + "/models" }
    }

    /// The package that plugins are built against: `../share/voken/Kit` of an installation, or
    /// `Sources/Kit` of the checkout around a build folder; `nil` if neither exists.
    public var kit: String? {
        // Without `..`, since authors read it in their manifests.
        let installed = foldersAbove.prefix(1).map { $0 + "/share/voken/Kit" }
        let around = foldersAbove.map { $0 + "/Sources/Kit" }
        return (installed + around).first { isFile($0 + "/Package.swift") }
    }

    /// The folders that the programs' folder is in, the nearest first, without the root.
    private var foldersAbove: [String] {
        var folders: [String] = []
        var folder = programs
        while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            folder = String(folder[..<slash])
            folders.append(folder)
        }
        return folders
    }
}

private func executableFolder() -> String {
    guard let path = unsafe realpath("/proc/self/exe", nil) else { return "." }
    defer { unsafe free(path) }
    let executable = unsafe String(cString: path)
    guard let slash = executable.lastIndex(of: "/") else { return "." }
    return String(executable[..<slash])
}

private func isFolder(_ path: String) -> Bool { mode(path) == S_IFDIR }

private func isFile(_ path: String) -> Bool { mode(path) == S_IFREG }

private func mode(_ path: String) -> mode_t? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
}
