import Checkpoints

/// The SHA-256 sums of the plugins that may be loaded, in a file as `sha256sum` prints it.
struct AllowList {
    private static let maximumSize = 1 << 20
    private let path: String
    private let sums: Set<String>

    /// - Throws: if the file cannot be read, is not such a list, or is not to be trusted.
    init(path: String) throws(PluginError) {
        self.path = path
        let bytes: [UInt8]
        do {
            _ = try PluginFile.identity(of: path)
            bytes = try BoundedFile.read(path, limit: Self.maximumSize)
        } catch {
            throw PluginError(.host, path, "the list of allowed plugins", cause: error)
        }
        var sums: Set<String> = []
        for (number, line) in String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        {
            guard let sum = line.split(whereSeparator: \.isWhitespace).first,
                !line.hasPrefix("#")
            else { continue }
            guard sum.count == 64, sum.allSatisfy(\.isHexDigit) else {
                throw PluginError(
                    .host, path, "line \(number + 1) does not begin with a SHA-256 sum")
            }
            sums.insert(sum.lowercased())
        }
        self.sums = sums
    }

    func require(_ sha256: String, of plugin: String) throws(PluginError) {
        guard sums.contains(sha256) else {
            throw PluginError(
                .notAllowed, plugin, "its SHA-256 \(sha256) is not in \(path); add it if it may run"
            )
        }
    }
}
