internal import Glibc

/// The program that this process runs.
public enum RunningProgram {
    /// The absolute path by which it was started, as far as that can be told; to be called before
    /// the process changes its directory, or the file is replaced.
    ///
    /// Symbolic links are kept: whoever installs a new version by changing one wants that to be
    /// started next.
    /// - Parameter name: the process' first argument.
    public static func path(startedAs name: String) -> String {
        let own = "/proc/self/exe"
        var candidates: [String] = []
        if name.hasPrefix("/") {
            candidates = [name]
        } else if name.contains("/") {
            candidates = [resolve(".")].compactMap { $0.map { "\($0)/\(name)" } }
        } else if let path = unsafe getenv("PATH") {
            candidates = unsafe String(cString: path).split(separator: ":")
                .filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
        }
        return candidates.first { isSame($0, own) } ?? resolve(own) ?? own
    }

    private static func isSame(_ first: String, _ second: String) -> Bool {
        var (left, right) = (stat(), stat())
        return unsafe stat(first, &left) == 0 && stat(second, &right) == 0
            && left.st_dev == right.st_dev && left.st_ino == right.st_ino
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
