import Checkpoints
import Foundation
import Layers
import Stages
import Tensors
import TestSupport
import Testing

/// What the types of weights cost in accuracy, on the pocket model.
@Suite struct PrecisionTests {
    /// A checkpoint whose parameters are stored in another type as they are asked for.
    private final class Retyped: ParameterStore {
        private let published: CheckpointStore
        private let type: WeightType

        init(_ folder: String, as type: WeightType) throws {
            published = try CheckpointStore(published: folder)
            self.type = type
        }

        func parameter(
            named name: String, shape: Shape, for use: ParameterUse
        ) -> StoredParameter? {
            published.weight(named: name).map {
                StoredParameter($0.reshaped(shape), for: use, as: type)
            }
        }

        func contains(_ name: String) -> Bool { published.contains(name) }
    }

    private func stage<Kind>(
        _ kind: StageKind, _ plugin: String, _ name: String, as type: WeightType
    ) throws -> Kind {
        let folder = fixture("models").deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(components: "etc", "models", "pocket", name)
            .path
        return try loadStage(
            kind, plugin,
            .of(
                try ModelFolder.readConfiguration(folder + "/config.json"),
                parameters: Retyped(folder, as: type), path: folder))
    }

    /// The distance of two tensors as a share of the length of the second.
    private func distance(_ a: Tensor, _ b: Tensor) -> Double {
        let pairs = zip(a.values, b.values).map { (Double($0), Double($1)) }
        let apart = pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return (apart / pairs.reduce(0) { $0 + $1.1 * $1.1 }).squareRoot()
    }

    @Test func aStepOfTheUNetInBF16() throws {
        let exact: any UNet = try stage(.unet, "stable_diffusion_unet", "unet", as: .f32)
        let rounded: any UNet = try stage(.unet, "stable_diffusion_unet", "unet", as: .bf16)
        var generator = TorchGenerator(seed: 3)
        let side = exact.sampleSize
        let latents = generator.normal([2, side, side, exact.latentChannels])
        let conditioning = generator.normal([2, 77, exact.conditioningWidth])
        for timestep: Float in [981, 500, 21] {
            let outputs = [exact, rounded].map {
                $0.predict(
                    latents, timesteps: [timestep, timestep], conditioning: conditioning)
            }
            let apart = distance(outputs[1], outputs[0])
            #expect(apart < 2e-2 && apart > 0, "\(apart) at \(timestep)")
        }
    }

    @Test func logitsInBytes() throws {
        let exact: any LanguageModel = try stage(
            .languageModel, "llama", "language_model", as: .f32)
        let rounded: any LanguageModel = try stage(
            .languageModel, "llama", "language_model", as: .q8_0)
        let story = self.story(exact, "Mia the rabbit found a blue ball in the park.", seed: 1)
        let logits = [exact, rounded].map { $0.logits(hidden($0, story)) }
        let apart = distance(logits[1], logits[0])
        #expect(apart < 1e-2 && apart > 0, "\(apart)")
    }

    /// The model's own stories, by the likelihood that it gives them.
    @Test func perplexityInHalfBytes() throws {
        let exact: any LanguageModel = try stage(
            .languageModel, "llama", "language_model", as: .f32)
        let rounded: any LanguageModel = try stage(
            .languageModel, "llama", "language_model", as: .q4)
        var (sums, count) = ([0.0, 0.0], 0)
        let beginnings = [
            "Mia the rabbit found a blue ball in the park.", "A fox lived in the forest.",
            "Ben the bear went to the beach.", "It was night.", "A cat sat by the lake.",
        ]
        for (seed, beginning) in beginnings.enumerated() {
            let story = self.story(exact, beginning, seed: UInt64(seed))
            for (index, model) in [exact, rounded].enumerated() {
                sums[index] += surprise(model, story)
            }
            count += story.count - 1
        }
        let ratio = exp((sums[1] - sums[0]) / Double(count))
        #expect(abs(ratio - 1) < 0.03 && ratio != 1, "\(ratio) over \(count) tokens")
    }

    private func hidden(_ model: any LanguageModel, _ tokens: [Int]) -> Tensor {
        model.forward(model.embed(tokens), state: model.makeState())
    }

    /// The sum of -log p of every token but the first.
    private func surprise(_ model: any LanguageModel, _ tokens: [Int]) -> Double {
        let probabilities = softmax(model.logits(hidden(model, tokens)))
        let width = model.vocabularySize
        return probabilities.withSpan { span in
            (1..<tokens.count).reduce(0) {
                $0 - log(Double(max(span[($1 - 1) * width + tokens[$1]], 1e-30)))
            }
        }
    }

    /// What the model goes on with, drawn from its own probabilities.
    private func story(_ model: any LanguageModel, _ beginning: String, seed: UInt64) -> [Int] {
        var tokens = model.tokenizer.encode(beginning)
        var generator = TorchGenerator(seed: seed)
        let state = model.makeState()
        var input = tokens
        for _ in 0..<60 {
            let last = model.forward(model.embed(input), state: state)
            let probabilities = softmax(
                model.logits(last.slice(axis: 0, last.shape[0] - 1..<last.shape[0])))
            input = [generator.multinomial(probabilities: probabilities.values)]
            tokens += input
        }
        return tokens
    }
}
