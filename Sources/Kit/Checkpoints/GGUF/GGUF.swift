/// One GGUF file of the llama architecture, mapped: metadata, then tensors (ggml's `docs/gguf.md`,
/// versions 2 and 3).
///
/// Tensors of F32, F16 and BF16 are read in place, those of Q8_0, Q4_0 and Q4_1 become f32.
/// Extents are in the order of everything here, outermost first: GGUF lists the innermost first.
public final class GGUF: WeightFile {
    public let tensors: TensorTable
    /// By full key, such as `llama.embedding_length` or `tokenizer.ggml.tokens`.
    public let metadata: Settings

    /// The only architecture whose tensors have names and shapes that are known here.
    public static let architecture = "llama"

    public init(path: String) throws(CheckpointError) {
        let file = try MappedFile(path: path)
        let header = try GGUFHeader(file)
        guard case .string(Self.architecture)? = header.metadata["general.architecture"] else {
            let found = header.metadata["general.architecture"]?.literal ?? "none"
            throw CheckpointError(
                .unsupported, path: path,
                "of the architecture \(found.prefix(80)); read is \"\(Self.architecture)\"")
        }
        metadata = Settings(header.metadata)
        tensors = TensorTable(file, header.entries)
    }
}
