import Glibc

extension CheckpointStore {
    /// Opens weights as others publish them, to be imported; nothing of them is read yet.
    ///
    /// A file is told by its beginning: GGUF, what `torch.save` writes, or safetensors. Of a folder
    /// it is the first of these that exists:
    /// 1. safetensors, by the rule of ``ModelFolder/open(_:weights:reusing:)``;
    /// 2. `pytorch_model.bin`, else `diffusion_pytorch_model.bin`, or the shards that an index of
    ///    that name lists;
    /// 3. one file `*.gguf`.
    ///
    /// - Parameter member: See ``PyTorchCheckpoint/init(path:member:)``.
    public convenience init(
        published path: String, member: String? = nil
    ) throws(CheckpointError) {
        var status = stat()
        if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            try self.init(WeightFiles.find(published: path, member: member))
        } else {
            try self.init([Self.openFile(path, member: member)])
        }
    }

    private static func openFile(
        _ path: String, member: String?
    ) throws(CheckpointError) -> any WeightFile {
        let file = try MappedFile(path: path)
        let beginning = file.bytes(0..<min(4, file.count))
        if beginning == Array("GGUF".utf8) { return try GGUF(path: path) }
        // 0x80 begins a pickle: a file of torch's earlier form, which is refused with the remedy.
        if beginning.starts(with: Array("PK".utf8)) || beginning.first == 0x80,
            !isSafetensors(file)
        {
            return try PyTorchCheckpoint(path: path, member: member)
        }
        return try Safetensors(path: path)
    }

    /// A safetensors file begins with the length of its header, which can be any bytes; the
    /// header is an object.
    private static func isSafetensors(_ file: MappedFile) -> Bool {
        file.count > 8 && file.bytes(8..<9) == Array("{".utf8)
    }
}
