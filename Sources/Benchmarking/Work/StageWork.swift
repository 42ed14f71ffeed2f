import Checkpoints

/// A call that work is counted of.
enum WorkOrder {
    case encoding
    case language(sequences: Int, positions: Int, cached: Int)
    case mapping
    case unet(side: Int, length: Int)
    case decoding(side: Int)
}

extension Subject {
    /// `nil` for a stage of a name whose configuration is not known here.
    func work(_ order: WorkOrder) throws -> Work? {
        switch (order, name) {
        case (.encoding, "eva_qformer"): try .encoding(configuration)
        case (.language(let sequences, let positions, let cached), "llama"):
            try .language(
                configuration, sequences: sequences, positions: positions, cached: cached)
        case (.mapping, "voken_mapper"): try .mapping(configuration, batch: 2)
        case (.unet(let side, let length), "stable_diffusion_unet"):
            try .unet(configuration, batch: 2, side: side, length: length)
        case (.decoding(let side), "autoencoder_kl"): try .decoding(configuration, side: side)
        default: nil
        }
    }
}
