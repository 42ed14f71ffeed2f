/// The weight files of a folder that is open, for another that is about to be opened.
struct OpenFiles {
    private let files: [String: any WeightFile]

    init(_ files: [any WeightFile]) {
        self.files = Dictionary(
            files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The file of that path: the one that is open, if it is still the one on disk, else mapped
    /// anew.
    func open(_ path: String) throws(CheckpointError) -> any WeightFile {
        if let file = files[path], file.file.identity == FileIdentity(path: path) { return file }
        return try Safetensors(path: path)
    }
}
