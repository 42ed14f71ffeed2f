import Synchronization

/// The hash of a model's weight files, computed once, when somebody asks.
final class WeightsHash: Sendable {
    private let known = Mutex<String?>(nil)

    func value(of files: [MappedFile]) -> String {
        known.withLock { known in
            if let known { return known }
            let value = Self.compute(files)
            known = value
            return value
        }
    }

    private static func compute(_ files: [MappedFile]) -> String {
        let digests = files.map { file in
            var hash = SHA256()
            hash.update(file)
            return (digest: hash.finish(), name: fileName(file.path))
        }
        if let only = digests.first, digests.count == 1 { return only.digest }
        var listing = SHA256()
        for (digest, name) in digests { listing.update(Array("\(digest)  \(name)\n".utf8)) }
        return listing.finish()
    }
}

/// The last component of a path.
func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
}
