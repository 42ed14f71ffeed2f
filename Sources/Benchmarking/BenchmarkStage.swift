/// What can be measured of a pipeline.
public enum BenchmarkStage: String, Sendable, CaseIterable {
    /// A picture through the image encoder.
    case encode
    /// A prompt through the language model, and the logits of its last position.
    case prefill
    /// A token of one sequence, and of four at once, logits included.
    case decode
    case decode4
    /// Voken states to conditionings, with and without guidance.
    case mapper
    /// A step of the UNet with guidance: a batch of two.
    case unet
    /// A latent to a picture.
    case vae
    /// All of it, with every stage in memory: pictures and a prompt in, tokens and a picture out.
    case answer
}

/// How much of it.
public struct BenchmarkSizes: Sendable, Equatable {
    /// Positions of the prompt that is prefilled, and that decoding goes on after.
    public var prompt = 128
    public var answer = Answer()

    public struct Answer: Sendable, Equatable {
        public var prompt = 300
        public var pictures = 2
        public var tokens = 30
        public var steps = 50

        public init() {}
    }

    public init() {}
}
