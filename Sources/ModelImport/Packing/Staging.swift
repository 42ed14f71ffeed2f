import Checkpoints
import Glibc

/// The folder in which a model is put together: `DIR.part`, renamed to `DIR` when it is whole.
struct Staging {
    let target: String
    let path: String

    static let journalName = "journal"

    /// - Parameter target: must not be there, or be an empty folder.
    init(target: String, force: Bool) throws(ImportError) {
        var target = target
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        self.target = target
        path = target + ".part"
        guard let kind = FileKind(target) else { return }
        let names = Folder.names(in: target) ?? []
        guard kind == .folder, names.isEmpty || force && names.contains(Manifest.fileName) else {
            throw ImportError(
                .target,
                kind != .folder
                    ? "\(target) is not a folder; choose another with --to"
                    : names.contains(Manifest.fileName)
                        ? "\(target) holds a model; --force replaces it"
                        : "\(target) is not empty, and nothing in it is overwritten; choose another "
                            + "folder with --to")
        }
    }

    /// A folder that is never renamed.
    init(scratch path: String) {
        target = path
        self.path = path
    }

    /// Makes the folders on the way to a file in it.
    func makeFolders(for file: String) throws(ImportError) {
        let isRooted = path.hasPrefix("/")
        let parts = "\(path)/\(file)".split(separator: "/").dropLast()
        var folder = isRooted ? "" : "."
        for part in parts {
            folder += "/" + part
            guard unsafe mkdir(folder, 0o777) == 0 || errno == EEXIST else {
                throw .system(.target, "cannot make the folder \(folder)")
            }
        }
    }

    /// Writes a small file.
    /// - Returns: its digest.
    @discardableResult
    func write(_ contents: [UInt8], to file: String) throws(ImportError) -> String {
        try makeFolders(for: file)
        var bytes = try FileBytes(path: "\(path)/\(file)")
        try bytes.append(contents)
        try bytes.truncate()
        try bytes.flush()
        return bytes.digest
    }

    /// Removes what is in it and not among the files: of an earlier plan.
    func remove(except files: Set<String>) {
        remove(below: "", keeping: files)
    }

    private func remove(below folder: String, keeping files: Set<String>) {
        for name in Folder.names(in: path + folder) ?? [] {
            let relative = folder.isEmpty ? name : "\(folder.dropFirst())/\(name)"
            if FileKind("\(path)/\(relative)") == .folder {
                remove(below: "/" + relative, keeping: files)
                unsafe rmdir("\(path)/\(relative)")
            } else if !files.contains(relative), relative != Self.journalName {
                unsafe unlink("\(path)/\(relative)")
            }
        }
    }

    /// Gives the folder its name. A model that it replaces is put aside and then removed.
    func finish() throws(ImportError) {
        unsafe unlink("\(path)/\(Self.journalName)")
        let old = target + ".old"
        let replaces = !(Folder.names(in: target) ?? []).isEmpty
        if replaces {
            Staging.removeAll(old)
            guard unsafe rename(target, old) == 0 else {
                throw .system(.target, "cannot put \(target) aside")
            }
        }
        guard unsafe rename(path, target) == 0 else {
            throw .system(.target, "cannot rename \(path) to \(target)")
        }
        if replaces { Staging.removeAll(old) }
    }

    /// Removes a folder and all that is in it; links are not followed.
    static func removeAll(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in Folder.names(in: path) ?? [] { removeAll("\(path)/\(name)") }
            unsafe rmdir(path)
        } else {
            unsafe unlink(path)
        }
    }
}
