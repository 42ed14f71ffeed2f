/// SHA-256 of weight files in lower-case hexadecimal digits: of the file, or, where there are
/// several, of what `sha256sum` prints for them in their folder.
func weightsHash(_ files: [any WeightFile]) -> String {
    if let only = files.first, files.count == 1 { return only.file.hash }
    var listing = SHA256()
    for file in files { listing.update(Array("\(file.file.hash)  \(fileName(file.path))\n".utf8)) }
    return listing.finish()
}

/// The last component of a path.
func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
}
