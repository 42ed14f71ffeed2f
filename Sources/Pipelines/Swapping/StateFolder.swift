import Checkpoints
import Glibc

/// Folders of a program's own state: nobody else may look into them.
enum StateFolder {
    /// Makes a folder, and those above it, if it is missing.
    static func make(_ path: String) throws(CheckpointError) {
        if !FilePath.isFolder(path) {
            let parent = FilePath.parent(of: path)
            if parent != path, !FilePath.isFolder(parent) { try make(parent) }
            if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
                throw CheckpointError(
                    .unwritable, path: path, "cannot create the folder: \(errorText(errno))")
            }
        }
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw CheckpointError(.unwritable, path: path, "not a folder")
        }
    }

    /// Removes what processes that are no more had begun to write: `<file>.<pid>-<n>.part`, see
    /// `AtomicFile`.
    static func removeParts(in folder: String) {
        for name in Folder.names(in: folder) ?? [] where name.hasSuffix(".part") {
            guard let writer = name.split(separator: ".").dropLast().last,
                let process = writer.split(separator: "-").first.flatMap({ pid_t($0) }),
                process > 0, kill(process, 0) != 0, errno == ESRCH
            else { continue }
            unsafe unlink("\(folder)/\(name)")
        }
    }

    private static func errorText(_ number: Int32) -> String {
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        return unsafe String(cString: text)
    }
}
