import Stages
import Tensors

/// What decides which tensors a step makes: the kind of work, and the shapes.
struct StepKey: Hashable, Sendable {
    private enum Kind: Hashable { case encode, forward, logits, map, predict, decode }

    private let kind: Kind
    private let shapes: [[Int]]
    /// Of calls of the UNet: what they leave out, alike for all.
    private let depth: Prediction.Likeness.Depth?
    private let merging: Double?

    init(_ works: [StageWork]) {
        kind =
            switch works[0] {
            case .encode: .encode
            case .forward: .forward
            case .logits: .logits
            case .map: .map
            case .predict: .predict
            case .decode: .decode
            }
        shapes = works.flatMap { $0.shapes.map(\.array) }
        if case .predict(let prediction) = works[0] {
            (depth, merging) = (prediction.likeness.depth, prediction.likeness.merging)
        } else {
            (depth, merging) = (nil, nil)
        }
    }
}

extension StageWork {
    fileprivate var shapes: [Shape] {
        switch self {
        case .encode(let x), .forward(let x, _), .logits(let x), .map(let x), .decode(let x):
            [x.shape]
        case .predict(let prediction):
            [prediction.latents.shape, prediction.conditioning[0].feature.shape]
        }
    }

    /// The same work for a dry run, with a sequence of its own.
    func rehearsed(by generation: Generation) -> StageWork {
        switch self {
        case .encode(let pixels): .encode(Tensor(shapeOnly: pixels.shape))
        case .forward(let embeddings, _):
            .forward(
                Tensor(shapeOnly: embeddings.shape),
                DryRun.perform { generation.languageModel.makeState() })
        case .logits(let hidden): .logits(Tensor(shapeOnly: hidden.shape))
        case .map(let hidden): .map(Tensor(shapeOnly: hidden.shape))
        case .predict(let prediction): .predict(prediction.rehearsed)
        case .decode(let latents): .decode(Tensor(shapeOnly: latents.shape))
        }
    }
}
