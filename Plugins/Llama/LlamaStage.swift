import Checkpoints
import Layers
public import Stages
public import Tensors
public import Tokenizers

/// LLaMA (Touvron et al., 2023) with generative vokens in its vocabulary: Vicuna and its kin.
///
/// Settings: `lora`, `"apart"` (the default) or `"merged"`, for a model with adapters;
/// `tokenizer`, the path of `tokenizer.model` or `tokenizer.json`, by default the one that is in the
/// model's folder; `text_only`, for a model without vokens, which then never says one.
public struct LlamaStage: LanguageModel {
    public static let descriptor = StageDescriptor(.languageModel, name: "llama", version: "1")

    public let tokenizer: any VokenTokenizer
    public let hasVokens: Bool
    private let configuration: LlamaConfiguration
    private let vocabulary: LlamaVocabulary
    private let blocks: [LlamaBlock]
    private let norm: RMSNorm

    public init(_ context: StageContext) throws {
        let model = try context.requireModel()
        let c = try LlamaConfiguration(model.configuration)
        let p = LlamaParameters(
            base: model.parameters, lora: c.lora,
            placement: try context.settings.choice("lora", default: LoRAPlacement.apart))
        configuration = c
        let isTextOnly = try context.settings.boolean("text_only", default: false)
        hasVokens = !isTextOnly
        tokenizer = try LlamaVocabulary.tokenizer(
            model, context.settings, rows: c.vocabulary, isTextOnly: isTextOnly)
        vocabulary = try LlamaVocabulary(p, c, size: tokenizer.count)
        var blocks: [LlamaBlock] = []
        for layer in 0..<c.layers { blocks.append(try LlamaBlock(p, layer, c)) }
        self.blocks = blocks
        norm = try RMSNorm(model.parameters["model"]["norm"], c.width, epsilon: c.epsilon)
        try model.requireAllRead(ignoring: LlamaParameters.unneeded)
    }

    public var width: Int { configuration.width }
    public var vocabularySize: Int { vocabulary.size }
    public var contextLength: Int { configuration.contextLength }

    public func makeState() -> any LanguageModelState {
        LlamaState(
            layers: configuration.layers,
            width: configuration.keyValueHeads * configuration.headWidth)
    }

    public func embed(_ tokens: [Int]) -> Tensor { vocabulary.embed(tokens) }

    public func forward(_ embeddings: Tensor, state: any LanguageModelState) -> Tensor {
        append(embeddings, [(state, embeddings.shape[0])])
    }

    public func forward(_ embeddings: [Tensor], states: [any LanguageModelState]) -> [Tensor] {
        var results: [Tensor] = []
        while results.count < embeddings.count {
            let rest = embeddings[results.count...]
            let group = rest.prefix(Self.together(rest.map { $0.shape[0] }))
            let rows = group.map { $0.shape[0] }
            let all = append(
                concatenate(Array(group), axis: 0),
                Array(zip(states[group.startIndex..<group.endIndex], rows)))
            var start = 0
            for count in rows {
                results.append(all.slice(axis: 0, start..<start + count))
                start += count
            }
        }
        return results
    }

    /// How many of the first sequences go together, by their rows: up to eight rows, among which
    /// ``linear(_:_:bias:)`` keeps each row's result independent of the others. More rows at a time
    /// run on other kernels, so a sequence with more goes alone.
    private static func together(_ rows: [Int]) -> Int {
        var (count, sum) = (0, 0)
        while count < rows.count, sum + rows[count] <= 8 {
            sum += rows[count]
            count += 1
        }
        return max(count, 1)
    }

    /// Appends rows, `[T, D]`, so many to each sequence.
    private func append(
        _ embeddings: Tensor, _ sequences: [(state: any LanguageModelState, rows: Int)]
    ) -> Tensor {
        var start = 0
        let parts = sequences.map { sequence in
            guard let state = sequence.state as? LlamaState else {
                preconditionFailure("a state of another stage: \(type(of: sequence.state))")
            }
            precondition(
                state.count + sequence.rows <= contextLength,
                "\(state.count) + \(sequence.rows) positions in a context of \(contextLength)")
            defer { start += sequence.rows }
            let angles = RotaryAngles(
                firstPosition: state.count, tokens: sequence.rows,
                frequencies: configuration.positions.frequencies)
            return (state: state, rows: start..<start + sequence.rows, angles: angles)
        }
        var x = embeddings.reshaped([1, start, width])
        for (layer, block) in blocks.enumerated() {
            x = block(
                x,
                parts.map {
                    CachedRows(
                        rows: $0.rows, angles: $0.angles, cache: $0.state.caches[layer])
                })
        }
        return norm(x).reshaped([start, width])
    }

    public func logits(_ hidden: Tensor) -> Tensor { vocabulary.logits(hidden) }
}
