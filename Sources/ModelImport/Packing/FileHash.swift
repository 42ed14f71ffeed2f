import Checkpoints

extension MappedFile {
    /// SHA-256 of the whole file.
    /// - Parameter report: told of the bytes that were read so far; throws to stop.
    func hash(_ report: (Int) throws -> Void) rethrows -> String {
        var hash = SHA256()
        var start = 0
        while start < count {
            let end = min(start + (4 << 20), count)
            hash.update(bytes(start..<end))
            try report(end)
            start = end
        }
        return hash.finish()
    }
}
