import Layers
public import Stages
public import Tensors

/// MiniGPT-5's feature mapper (Zheng et al., 2023, §3.2, eq. 1): a two-layer perceptron and an
/// encoder-decoder transformer whose learned queries become the UNet's conditioning.
public struct VokenMapperStage: FeatureMapper {
    public static let descriptor = StageDescriptor(
        .featureMapper, name: "voken_mapper", version: "1")

    private let configuration: MapperConfiguration
    private let fc0, fc2: Linear
    private let transformer: EncoderDecoder
    private let queries: Tensor  // [1, L, C]

    public init(_ context: StageContext) throws {
        let model = try context.requireModel()
        let p = model.parameters
        let c = try MapperConfiguration(model.configuration)
        configuration = c
        fc0 = try Linear(p["fc"][0], c.inputWidth, c.width)
        fc2 = try Linear(p["fc"][2], c.width, c.width)
        transformer = try EncoderDecoder(p["llm_to_t2i_mapping"], c)
        queries = try p.tensor("t2i_decoder_prompt", [1, c.queries, c.width])
        // A published stage-1 checkpoint also holds the language model's tables.
        try model.requireAllRead(ignoring: ["model.llama_model.*"])
    }

    public var vokens: Int { configuration.vokens }
    public var inputWidth: Int { configuration.inputWidth }
    public var length: Int { configuration.queries }
    public var width: Int { configuration.width }

    public func map(_ hidden: Tensor) -> Tensor {
        precondition(
            hidden.shape == [hidden.shape[0], vokens, inputWidth],
            "voken states of shape \(hidden.shape) for a mapper of [B, \(vokens), \(inputWidth)]")
        return transformer(fc2(gelu(fc0(hidden))), queries.repeated(hidden.shape[0]))
    }
}
