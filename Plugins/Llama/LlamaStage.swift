import Checkpoints
import Layers
public import Stages
public import Tensors
public import Tokenizers

/// LLaMA (Touvron et al., 2023) with generative vokens in its vocabulary: Vicuna and its kin.
///
/// Settings: `lora`, `"apart"` (the default) or `"merged"`, for a model with adapters;
/// `tokenizer`, the path of `tokenizer.model`, by default in the model's folder.
public struct LlamaStage: LanguageModel {
    public static let descriptor = StageDescriptor(.languageModel, name: "llama", version: "1")

    public let tokenizer: any VokenTokenizer
    private let configuration: LlamaConfiguration
    private let embeddings: Weight  // [V, D]
    private let blocks: [LlamaBlock]
    private let norm: RMSNorm
    private let head: Weight  // [V, D]

    public init(_ context: StageContext) throws {
        let model = try context.requireModel()
        let c = try LlamaConfiguration(model.configuration)
        let p = LlamaParameters(
            base: model.parameters, lora: c.lora,
            placement: try context.settings.choice("lora", default: LoRAPlacement.apart))
        configuration = c
        tokenizer = try LlamaTokenizer(
            path: context.settings.string("tokenizer", default: model.path + "/tokenizer.model"),
            rows: c.vocabulary)
        embeddings = try p.table("model.embed_tokens", c.vocabulary, c.width)
        var blocks: [LlamaBlock] = []
        for layer in 0..<c.layers { blocks.append(try LlamaBlock(p, layer, c)) }
        self.blocks = blocks
        norm = try RMSNorm(model.parameters["model"]["norm"], c.width, epsilon: c.epsilon)
        head = c.tied ? embeddings : try p.table("lm_head", c.vocabulary, c.width)
        try model.requireAllRead(ignoring: LlamaParameters.unneeded)
    }

    public var width: Int { configuration.width }
    public var vocabularySize: Int { configuration.vocabulary }
    public var contextLength: Int { configuration.contextLength }

    public func makeState() -> any LanguageModelState {
        LlamaState(
            layers: configuration.layers,
            width: configuration.keyValueHeads * configuration.headWidth)
    }

    public func embed(_ tokens: [Int]) -> Tensor { embedding(tokens, embeddings) }

    public func forward(_ embeddings: Tensor, state: any LanguageModelState) -> Tensor {
        guard let state = state as? LlamaState else {
            preconditionFailure("a state of another stage: \(type(of: state))")
        }
        let count = embeddings.shape[0]
        precondition(
            state.count + count <= contextLength,
            "\(state.count) + \(count) positions in a context of \(contextLength)")
        var x = embeddings.reshaped([1, count, width])
        for (block, cache) in zip(blocks, state.caches) { x = block(x, cache: cache) }
        return norm(x).reshaped([count, width])
    }

    public func logits(_ hidden: Tensor) -> Tensor { linear(hidden, head) }
}
