import Stages
import Tensors

/// What a story needs from a stage before it can go on. The answer is one tensor.
enum StageWork {
    /// Pixels `[1, S, S, 3]` to `[N, D]`.
    case encode(Tensor)
    /// Embeddings `[T, D]`, appended to a sequence, to the states `[T, D]`.
    case forward(Tensor, any LanguageModelState)
    /// A state `[1, D]` to `[1, V]`.
    case logits(Tensor)
    /// States of vokens `[1, vokens, D]` to `[1, L, C]`.
    case map(Tensor)
    /// Latents to a prediction like them.
    case predict(Prediction)
    /// Latents `[1, H, W, latentChannels]` to `[H·d, W·d, 3]`.
    case decode(Tensor)

    var kind: StageKind {
        switch self {
        case .encode: .imageEncoder
        case .forward, .logits: .languageModel
        case .map: .featureMapper
        case .predict: .unet
        case .decode: .vae
        }
    }

    /// Rows of the language model, or members of a batch.
    var items: Int {
        switch self {
        case .forward(let embeddings, _): embeddings.shape[0]
        case .predict(let prediction): prediction.samples
        case .encode, .logits, .map, .decode: 1
        }
    }
}

/// What pieces of work must have in common to be done by one call.
///
/// Only such work keeps company as a stage answers in the same way in any company: single rows of
/// the language model, and latents. A prompt's piece or a picture's vokens go alone, so that the
/// kernels that they run on never depend on who else is there.
struct WorkCompany: Equatable {
    /// Rows of the language model at a time: those that a weight is read once for.
    static let rows = 8

    private enum Kind: Equatable {
        case forward
        case logits
        case predict(Prediction.Likeness)
    }

    private let kind: Kind
    /// The loaded stage: generations share it.
    private let stage: ObjectIdentifier
    /// The most items of a call that does more than one piece.
    let limit: Int

    static func == (a: WorkCompany, b: WorkCompany) -> Bool {
        a.kind == b.kind && a.stage == b.stage
    }

    /// - Returns: `nil` for work that is done alone.
    init?(_ work: StageWork, _ generation: Generation) {
        switch work {
        case .forward(let embeddings, _) where embeddings.shape[0] == 1:
            kind = .forward
            limit = Self.rows
        case .logits:
            kind = .logits
            limit = Self.rows
        case .predict(let prediction):
            kind = .predict(prediction.likeness)
            limit = generation.file.engine.unetBatch
        case .encode, .forward, .map, .decode:
            return nil
        }
        guard let account = generation.work(work.kind) else { return nil }
        stage = ObjectIdentifier(account)
    }
}
