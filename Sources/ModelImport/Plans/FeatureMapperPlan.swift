import Checkpoints
import Stages

// MiniGPT-5's feature mapper. Stage 2 has trained its transformer further, and left the perceptron
// and the queries of stage 1 as they were.
extension StagePlan {
    static func mapper(
        whole: PublishedPart?, stage1: PublishedPart?, stage2: PublishedPart?
    ) throws -> StagePlan {
        var tensors: [String: TensorOrigin] = [:]
        for part in [whole, stage1, stage2].compactMap(\.self) {
            for origin in part.origins.values {
                let name = MiniGPT5Names.plain(origin.name)
                guard !name.hasPrefix("llama_model.") else { continue }
                tensors[name] = origin
            }
        }
        let given = whole?.configuration.flatMap { $0["d_model"] == nil ? nil : $0 }
        var plan = StagePlan(
            .featureMapper, plugin: "voken_mapper", try given ?? mapperSizes(tensors))
        plan.tensors = tensors
        return plan
    }

    /// `config.json` from the shapes of the tensors; eight heads, which they do not say, are
    /// `nn.Transformer`'s default, and eight vokens MiniGPT-5's.
    private static func mapperSizes(
        _ tensors: [String: TensorOrigin]
    ) throws(ImportError) -> [String: SettingValue] {
        func extents(_ name: String, _ rank: Int) throws(ImportError) -> [Int] {
            guard let extents = tensors[name]?.extents, extents.count == rank else {
                throw .refused("the feature mapper has no tensor \(name) of \(rank) axes")
            }
            return extents
        }
        func layers(_ half: String) -> Int {
            let prefix = "llm_to_t2i_mapping.\(half).layers."
            let numbers = tensors.keys.filter { $0.hasPrefix(prefix) }.compactMap { name in
                Int(name.dropFirst(prefix.count).prefix { $0.isNumber })
            }
            return (numbers.max() ?? -1) + 1
        }
        let input = try extents("fc.0.weight", 2)
        let queries = try extents("t2i_decoder_prompt", 3)
        let feedForward = try extents("llm_to_t2i_mapping.encoder.layers.0.linear1.weight", 2)
        return [
            "input_dim": .integer(input[1]), "d_model": .integer(input[0]), "heads": 8,
            "encoder_layers": .integer(layers("encoder")),
            "decoder_layers": .integer(layers("decoder")),
            "feed_forward": .integer(feedForward[0]), "activation": "relu", "norm_first": true,
            "layer_norm_eps": 1e-5, "queries": .integer(queries[1]), "vokens": 8,
        ]
    }
}
