import Checkpoints
import Layers
public import Stages
public import Tensors
import Tokenizers

/// CLIP's text tower (Radford et al., 2021, §2.4): what Stable Diffusion was conditioned on.
///
/// Setting: `tokenizer`, the folder of `vocab.json` and `merges.txt`; by default `tokenizer` beside
/// the model's folder.
public struct ClipTextStage: TextEncoder {
    public static let descriptor = StageDescriptor(.textEncoder, name: "clip_text", version: "1")

    private let configuration: ClipTextConfiguration
    private let tokenizer: ClipTokenizer
    private let tokens: Weight  // [V, C]
    private let positions: Tensor  // [1, L, C]
    private let blocks: [ClipTextBlock]
    private let norm: LayerNorm

    public init(_ context: StageContext) throws {
        let model = try context.requireModel()
        let c = try ClipTextConfiguration(model.configuration)
        // Newer files leave the outer module out of the names.
        let root = model.parameters
        let p = root.contains("final_layer_norm.weight") ? root : root["text_model"]
        configuration = c
        // Of a diffusers pipeline the tokenizer's folder lies beside the model's.
        let folder = try context.settings.string("tokenizer", default: model.path + "/../tokenizer")
        tokenizer = try ClipTokenizer(folder: folder)
        guard tokenizer.count <= c.vocabulary else {
            throw model.configuration.error(
                "vocab_size",
                "\(c.vocabulary) rows for \(tokenizer.count) tokens of \(folder); "
                    + "is it the tokenizer of these weights?")
        }
        tokens = try p["embeddings"].table("token_embedding.weight", [c.vocabulary, c.width])
        positions = try p["embeddings"]
            .tensor("position_embedding.weight", [c.length, c.width])
            .reshaped([1, c.length, c.width])
        var blocks: [ClipTextBlock] = []
        for index in 0..<c.layers {
            blocks.append(try ClipTextBlock(p["encoder"]["layers"][index], c))
        }
        self.blocks = blocks
        norm = try LayerNorm(p["final_layer_norm"], c.width, epsilon: c.epsilon)
        try model.requireAllRead(ignoring: ["text_projection.weight"])
    }

    public var length: Int { configuration.length }
    public var width: Int { configuration.width }

    public func encode(_ captions: [String]) throws -> Tensor {
        let ids = try captions.flatMap { try tokenizer.encode($0, length: length) }
        var x = embedding(ids, tokens).reshaped([captions.count, length, width])
        x = x + positions.repeated(captions.count)
        for block in blocks { x = block(x) }
        return norm(x)
    }
}
