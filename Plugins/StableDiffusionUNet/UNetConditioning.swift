import Layers
import Stages
import Tensors

/// One sample's conditioning with its keys and values in every cross-attention.
struct UNetConditioning: PreparedConditioning {
    /// `[1, L, D]`.
    let conditioning: Tensor
    /// By the numbers of the spatial transformers, then of their blocks; each `[1, L, C]`.
    private let layers: [[KeysAndValues]]

    /// - Parameter transformers: in the order of their numbers.
    init(_ conditioning: Tensor, _ transformers: [SpatialTransformer]) {
        self.conditioning = conditioning
        layers = transformers.map { transformer in
            transformer.blocks.map { $0.crossAttention.keysAndValues(of: conditioning).kept() }
        }
    }

    func keysAndValues(transformer: Int, block: Int) -> KeysAndValues { layers[transformer][block] }
}

/// What all blocks of one call have in common.
struct UNetPass {
    /// `[B, T]`.
    let time: Tensor
    /// B of them.
    let conditioning: [UNetConditioning]
    /// How tokens are merged at the latents' own resolution; `nil` if they are not.
    let merging: MergingPlan?

    /// `[B, L, C]` each.
    func keysAndValues(transformer: Int, block: Int) -> KeysAndValues {
        KeysAndValues(
            batching: conditioning.map { $0.keysAndValues(transformer: transformer, block: block) })
    }
}
