/// One safetensors file, mapped: an eight-byte header length, a JSON header, then the data
/// (https://huggingface.co/docs/safetensors, "Format").
public final class Safetensors: WeightFile {
    public typealias Numbers = TensorNumbers

    public let tensors: TensorTable
    /// The strings under `__metadata__`.
    public let metadata: [String: String]

    public init(path: String) throws(CheckpointError) {
        let file = try MappedFile(path: path)
        let header = try SafetensorsHeader(file)
        metadata = header.metadata
        tensors = TensorTable(file, header.entries)
    }
}
