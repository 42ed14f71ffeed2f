public import Tensors
public import Tokenizers

// Letters in shapes: B batch, T tokens, N image positions, D language-model width, V vocabulary,
// S image side, H x W latent space, L conditioning length, C conditioning width.

/// Pictures to positions of the language model (MiniGPT-5: EVA ViT, Q-Former, projection).
public protocol ImageEncoder: Stage {
    /// S: the side of the square input, in pixels.
    var imageSize: Int { get }
    /// N: the positions that one picture takes in the language model's input.
    var positions: Int { get }
    /// D.
    var width: Int { get }
    /// - Parameter pixels: `[B, S, S, 3]`, RGB in `0...1`; the encoder normalises.
    /// - Returns: `[B, N, D]`.
    func encode(_ pixels: Tensor) -> Tensor
}

/// The state of one sequence in a language model: its key-value cache.
public protocol LanguageModelState: AnyObject, Sendable {
    /// Positions held so far.
    var count: Int { get }
    /// Bytes of memory that it takes, about: hosts keep states between the turns of a conversation
    /// up to a limit.
    var byteCount: Int { get }
    /// Drops the positions from `count` on.
    func truncate(to count: Int)

    /// A copy of what positions have left in the sequence, for others that begin in the same way.
    /// - Returns: `nil` if states cannot be taken apart: without an implementation of its own.
    func piece(_ positions: Range<Int>) -> (any LanguageModelPiece)?

    /// Goes on with a piece as if its positions had been taken in.
    /// - Parameter piece: made by ``piece(_:)`` of a state of the same stage, of positions from
    ///   ``count`` on; that state had the same positions before them.
    func append(_ piece: any LanguageModelPiece)
}

extension LanguageModelState {
    public func piece(_ positions: Range<Int>) -> (any LanguageModelPiece)? { nil }

    public func append(_ piece: any LanguageModelPiece) {
        preconditionFailure("\(Self.self) cannot be put together")
    }
}

/// A part of a language model's state, which several sequences may go on with. It does not change.
public protocol LanguageModelPiece: Sendable {
    /// Bytes of memory that it takes, about.
    var byteCount: Int { get }
}

/// A decoder-only transformer with generative vokens in its vocabulary.
public protocol LanguageModel: Stage {
    /// D.
    var width: Int { get }
    /// V: ids in all, added tokens included, also such as a model without vokens has no rows for.
    var vocabularySize: Int { get }
    /// The most positions a sequence may have.
    var contextLength: Int { get }
    /// Text to ids and back, with the vokens and the image placeholder among the ids.
    var tokenizer: any VokenTokenizer { get }
    /// Whether it was trained to say vokens; one that was not tells text alone. Without an
    /// implementation of its own a stage was.
    var hasVokens: Bool { get }

    func makeState() -> any LanguageModelState

    /// - Returns: `[T, D]`, the rows of the embedding table.
    func embed(_ tokens: [Int]) -> Tensor

    /// Appends positions to a sequence.
    /// - Parameters:
    ///   - embeddings: `[T, D]`.
    ///   - state: a state that this very stage made; `count + T` is at most `contextLength`.
    /// - Returns: `[T, D]`, the last layer's states after the final norm.
    func forward(_ embeddings: Tensor, state: any LanguageModelState) -> Tensor

    /// Appends positions to several sequences at once, so that the weights are read once for all.
    ///
    /// Each sequence must get the very bytes that ``forward(_:state:)`` gives it alone. Without an
    /// implementation of its own a stage does one sequence after the other.
    /// - Parameters:
    ///   - embeddings: for each sequence `[T, D]`, of any T.
    ///   - states: as many, all different, made by this very stage.
    /// - Returns: for each sequence what ``forward(_:state:)`` returns.
    func forward(_ embeddings: [Tensor], states: [any LanguageModelState]) -> [Tensor]

    /// A row's logits must not depend on the other rows, as long as there are at most eight.
    /// - Parameter hidden: `[T, D]`, as ``forward(_:state:)`` returns.
    /// - Returns: `[T, V]`, the next-token logits.
    func logits(_ hidden: Tensor) -> Tensor
}

extension LanguageModel {
    public var hasVokens: Bool { true }

    public func forward(_ embeddings: [Tensor], states: [any LanguageModelState]) -> [Tensor] {
        zip(embeddings, states).map { forward($0, state: $1) }
    }
}

/// Carries the language model's voken states into the UNet's conditioning space.
public protocol FeatureMapper: Stage {
    /// The vokens it was trained for (8).
    var vokens: Int { get }
    /// D.
    var inputWidth: Int { get }
    /// L.
    var length: Int { get }
    /// C.
    var width: Int { get }
    /// - Parameter hidden: `[B, vokens, D]`. All zeros gives the unconditional feature.
    /// - Returns: `[B, L, C]`.
    func map(_ hidden: Tensor) -> Tensor
}

/// Predicts the noise (or whatever the scheduler's prediction type says) in a latent.
public protocol UNet: Stage {
    var latentChannels: Int { get }
    /// H and W it was trained at.
    var sampleSize: Int { get }
    /// C.
    var conditioningWidth: Int { get }
    /// - Parameters:
    ///   - latents: `[B, H, W, latentChannels]`.
    ///   - timesteps: B training timesteps, in `0..<1000` and not always whole; of a model that was
    ///     told log σ / 4, those.
    ///   - conditioning: `[B, L, C]`.
    /// - Returns: shaped like `latents`.
    func predict(_ latents: Tensor, timesteps: [Float], conditioning: Tensor) -> Tensor

    /// What does not depend on latents and timesteps, computed once for an image. Without an
    /// implementation of its own a stage keeps the conditioning as it is.
    /// - Parameter conditioning: `[1, L, C]`.
    func prepare(_ conditioning: Tensor) -> any PreparedConditioning

    /// The shortcuts that it can take; without an implementation of its own none.
    var shortcuts: Set<UNetShortcut> { get }

    /// Without shortcuts the very bytes of ``predict(_:timesteps:conditioning:)``.
    /// - Parameters:
    ///   - latents: `[B, H, W, latentChannels]`.
    ///   - prepared: B of them, which this very stage made, of the same L.
    ///   - shortcuts: of those that the stage can take.
    func predict(
        _ latents: Tensor, timesteps: [Float], prepared: [any PreparedConditioning],
        shortcuts: UNetShortcuts
    ) -> Tensor
}

extension UNet {
    public func prepare(_ conditioning: Tensor) -> any PreparedConditioning {
        PlainConditioning(conditioning)
    }

    public var shortcuts: Set<UNetShortcut> { [] }

    public func predict(
        _ latents: Tensor, timesteps: [Float], prepared: [any PreparedConditioning],
        shortcuts: UNetShortcuts
    ) -> Tensor {
        predict(
            latents, timesteps: timesteps,
            conditioning: concatenate(prepared.map(\.conditioning), axis: 0))
    }
}

/// The picture side of the latent space.
public protocol VAE: Stage {
    var latentChannels: Int { get }
    /// Pixels of a side for one latent element (8 for Stable Diffusion).
    var downsampling: Int { get }
    /// - Parameter latents: `[B, H, W, latentChannels]` at the diffusion model's scale: the stage
    ///   divides by its scaling factor.
    /// - Returns: `[B, H·d, W·d, 3]`, RGB around `-1...1`, not clamped.
    func decode(_ latents: Tensor) -> Tensor
    /// - Parameter pixels: `[B, H·d, W·d, 3]`, RGB in `-1...1`.
    /// - Returns: mean and log-variance (clamped to `-30...20`) of the posterior, each
    ///   `[B, H, W, latentChannels]`, before scaling; and the factor that scales a sample.
    func encode(_ pixels: Tensor) -> (mean: Tensor, logVariance: Tensor, scale: Float)
}

/// Captions to the conditioning space: the caption loss and the Stable Diffusion baseline.
public protocol TextEncoder: Stage {
    /// L.
    var length: Int { get }
    /// C.
    var width: Int { get }
    /// - Returns: `[B, L, C]`, states after the final norm, truncated or padded to L.
    /// - Throws: for a caption over the tokenizer's limit.
    func encode(_ captions: [String]) throws -> Tensor
}

/// A diffusion solver: an immutable plan. Each image owns a ``Trajectory``.
public protocol Scheduler: Stage {
    /// What people are told of it, and a run that is known; nothing if it does not say.
    static var summary: SchedulerSummary { get }
    /// - Parameter steps: as users count them; the model may be called more often.
    /// - Throws: a `SettingError` if the algorithm cannot take that many.
    func trajectory(steps: Int) throws -> any Trajectory
}

/// The state of one reverse process.
public protocol Trajectory: Sendable {
    /// The timestep of each call of the model, in order.
    var timesteps: [Float] { get }
    /// σ = √((1 − ᾱ) / ᾱ) of the sample at each call, and then where the last step ends; at a
    /// second call within a step, where that step ends. Empty if the algorithm does not say.
    var sigmas: [Double] { get }
    /// What the initial standard normal sample is multiplied by.
    var initialNoiseScale: Float { get }
    /// The sample as the model wants to see it at a call.
    func modelInput(_ sample: Tensor, call: Int) -> Tensor
    /// Takes the sample at call `call` and the model's output to the next sample.
    /// - Parameters:
    ///   - call: 0, 1, 2, … in turn, each once.
    ///   - noise: where an algorithm that draws noise takes it from.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor
}

extension Trajectory {
    public var sigmas: [Double] { [] }
}
