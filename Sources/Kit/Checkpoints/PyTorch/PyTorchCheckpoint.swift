/// One file that `torch.save` wrote (`.bin`, `.pt`, `.pth`, `.ckpt`), mapped: the tensors of a state
/// dictionary.
///
/// The pickle in it is a program, which Python would run with all that Python can do. Here it
/// runs on a machine that builds tensors, dictionaries, lists, strings and numbers and calls
/// nothing: see ``PickleMachine``.
public final class PyTorchCheckpoint: WeightFile {
    public let tensors: TensorTable
    /// The classes and functions, sorted, that the file would have called to build what stands
    /// beside the state dictionary.
    public let ignoredGlobals: [String]

    /// - Parameter member: The key of the state dictionary in a file that holds several
    ///   dictionaries. If it is left out, `state_dict`, `model_state_dict` and `model` are looked
    ///   for; if there are none, the whole is the state dictionary.
    public init(path: String, member: String? = nil) throws(CheckpointError) {
        let file = try MappedFile(path: path)
        try Self.checkBeginning(of: file)
        var machine = try PickleMachine(TorchArchive(file))
        let root = try machine.run()
        let state = try StateDictionary(machine.values, root, member: member, path: path)
        tensors = TensorTable(file, state.entries)
        ignoredGlobals = machine.ignored.sorted()
    }

    private static func checkBeginning(of file: MappedFile) throws(CheckpointError) {
        let beginning = file.bytes(0..<min(4, file.count))
        if beginning.first == 0x80 {
            throw CheckpointError(
                .unsupported, path: file.path,
                "a PyTorch file of the form before torch 1.6; load it with torch and save it again "
                    + "with torch ≥ 1.6")
        }
        guard beginning == [0x50, 0x4b, 3, 4] else {
            throw CheckpointError(
                .malformed, path: file.path, "not a zip file, as torch.save writes them")
        }
    }
}
