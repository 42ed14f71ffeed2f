import Checkpoints
import Glibc
import PluginTemplates

/// The folder of a new package. Nothing that was there before is changed, and after a failure
/// nothing that was not there is left.
struct PluginFolder {
    let path: String

    /// - Parameter path: a new folder or an empty one.
    init(_ path: String) throws {
        self.path = path
        // SwiftPM knows local packages by the last part of their path.
        let last = path.split(separator: "/").last { $0 != "." } ?? ""
        guard last.lowercased() != "kit" else {
            throw Failure.usage(
                "\(path): a folder called kit hides the package Kit; choose another with --out")
        }
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw Failure.failed("\(path) is not a folder; choose another with --out")
        }
        guard try isEmpty() else {
            throw Failure.failed(
                "\(path) is not empty, and nothing in it is overwritten; choose a new folder with "
                    + "--out")
        }
    }

    /// - Parameter files: in folders of their own, at most two deep.
    /// - Returns: their paths.
    func write(_ files: [PluginTemplate.File]) throws -> [String] {
        var made: [String] = []
        do {
            for file in files {
                let file = (path: path + "/" + file.path, text: file.text)
                try makeFolders(of: file.path, &made)
                try writeNew(file.text, to: file.path, &made)
            }
            return files.map { path + "/" + $0.path }
        } catch {
            for path in made.reversed() { _ = unsafe Glibc.remove(path) }
            throw error
        }
    }

    /// Absolute, once the folder is there.
    var resolvedPath: String {
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    private func isEmpty() throws -> Bool {
        guard let names = Folder.names(in: path) else { throw failure("cannot read \(path)") }
        return names.isEmpty
    }

    private func makeFolders(of path: String, _ made: inout [String]) throws {
        var folder = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/").dropLast() {
            folder += "/" + part
            if unsafe mkdir(folder, 0o777) == 0 {
                made.append(folder)
            } else if errno != EEXIST {
                throw failure("cannot make the folder \(folder)")
            }
        }
    }

    private func writeNew(_ text: String, to path: String, _ made: inout [String]) throws {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw failure("cannot write \(path)") }
        made.append(path)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(file, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let failure = failure("cannot write \(path)")
                close(file)
                throw failure
            }
            rest = rest.dropFirst(count)
        }
        guard close(file) == 0 else { throw failure("cannot write \(path)") }
    }

    private func failure(_ what: String) -> Failure {
        Failure.failed("\(what): \(unsafe String(cString: strerror(errno)))")
    }
}
