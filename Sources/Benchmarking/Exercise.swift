import Checkpoints
import Stages
import Tensors

/// Something that is done over and over.
struct Exercise {
    /// Of one call; `nil` for a stage whose sizes nobody here knows.
    let work: Work?
    /// What a call brings: so many tokens, say.
    let items: Double
    let unit: String
    let type: String
    /// - Throws: ``Interrupted`` when it was told to stop.
    let call: () throws -> Void
}

/// Ctrl-C, during a call that takes long.
struct Interrupted: Error {}

/// Makes exercises: a stage, its input and its call.
struct ExerciseMaker {
    let maker: StageMaker
    let sizes: BenchmarkSizes
    let steps = StepRunner()

    /// - Parameter check: called now and then in a long call; throws to end it.
    func make(_ stage: BenchmarkStage, check: @escaping () throws -> Void) throws -> Exercise {
        switch stage {
        case .encode: try encode()
        case .prefill: try prefill()
        case .decode: try decode(sequences: 1)
        case .decode4: try decode(sequences: 4)
        case .mapper: try mapper()
        case .unet: try unet()
        case .vae: try vae()
        case .answer: try answer(check: check)
        }
    }

    private func encode() throws -> Exercise {
        let subject = try maker.make(.imageEncoder)
        let encoder = try subject.stage(as: (any ImageEncoder).self)
        let pixels = picture(encoder.imageSize)
        return Exercise(
            work: try subject.work(.encoding), items: 1, unit: "pictures", type: subject.type
        ) { _ = steps.run("encode") { encoder.encode(pixels) } }
    }

    private func prefill() throws -> Exercise {
        let (subject, model) = try language(needing: sizes.prompt)
        let prompt = model.embed(words(sizes.prompt, of: model))
        let last = sizes.prompt - 1..<sizes.prompt
        return Exercise(
            work: try subject.work(.language(sequences: 1, positions: sizes.prompt, cached: 0)),
            items: Double(sizes.prompt), unit: "tokens", type: subject.type
        ) {
            let hidden = steps.forward(model, [prompt], [model.makeState()])
            _ = steps.logits(model, hidden.slice(axis: 0, last))
        }
    }

    private func decode(sequences: Int) throws -> Exercise {
        let (subject, model) = try language(needing: sizes.prompt + Self.decoded)
        let states = (0..<sequences).map { sequence in
            let state = model.makeState()
            _ = model.forward(
                model.embed(words(sizes.prompt, of: model, from: sequence)), state: state)
            return state
        }
        let next = (0..<sequences).map { model.embed(words(1, of: model, from: $0)) }
        return Exercise(
            work: try subject.work(
                .language(
                    sequences: sequences, positions: 1,
                    cached: sizes.prompt + Self.decoded / 2)),
            items: Double(sequences), unit: "tokens", type: subject.type
        ) {
            _ = steps.logits(model, steps.forward(model, next, states))
            // Seldom: rows that take the place of others move all that are there.
            for state in states where state.count == sizes.prompt + Self.decoded {
                state.truncate(to: sizes.prompt)
            }
        }
    }

    /// Positions that a sequence gains before it begins anew.
    private static let decoded = 64

    private func mapper() throws -> Exercise {
        let subject = try maker.make(.featureMapper)
        let mapper = try subject.stage(as: (any FeatureMapper).self)
        let states = normal([2, mapper.vokens, mapper.inputWidth])
        return Exercise(
            work: try subject.work(.mapping), items: 1, unit: "pictures", type: subject.type
        ) { _ = steps.run("map") { mapper.map(states) } }
    }

    private func unet() throws -> Exercise {
        let subject = try maker.make(.unet)
        let unet = try subject.stage(as: (any UNet).self)
        let side = unet.sampleSize
        let latents = normal([2, side, side, unet.latentChannels])
        let conditioning = normal([2, Self.conditioningRows, unet.conditioningWidth])
        return Exercise(
            work: try subject.work(.unet(side: side, length: Self.conditioningRows)), items: 1,
            unit: "steps", type: subject.type
        ) {
            _ = steps.run("predict") {
                unet.predict(latents, timesteps: [500, 500], conditioning: conditioning)
            }
        }
    }

    private func vae() throws -> Exercise {
        let subject = try maker.make(.vae)
        let vae = try subject.stage(as: (any VAE).self)
        let side = try maker.latentSide()
        let latent = normal([1, side, side, vae.latentChannels])
        return Exercise(
            work: try subject.work(.decoding(side: side)), items: 1, unit: "pictures",
            type: subject.type
        ) { _ = steps.run("decode") { vae.decode(latent) } }
    }

    /// Rows of a conditioning, as the text encoders of Stable Diffusion give.
    static let conditioningRows = 77

    // MARK: Input

    func language(needing positions: Int) throws -> (Subject, any LanguageModel) {
        let subject = try maker.make(.languageModel)
        let model = try subject.stage(as: (any LanguageModel).self)
        guard positions <= model.contextLength else {
            throw BenchmarkError(
                "\(positions) positions are asked for, and the language model has "
                    + "\(model.contextLength): choose a shorter --prompt or --answer")
        }
        return (subject, model)
    }

    /// Ids of plain pieces, spread over the vocabulary.
    func words(_ count: Int, of model: any LanguageModel, from first: Int = 0) -> [Int] {
        let pieces = model.tokenizer.vokens.lowerBound
        return (0..<count).map { 3 + (first + $0) * 7919 % (pieces - 3) }
    }

    func picture(_ side: Int) -> Tensor {
        Tensor([1, side, side, 3]) { pixels in
            for index in pixels.indices { pixels[index] = Float(index % 251) / 250 }
        }
    }

    func normal(_ shape: Shape) -> Tensor {
        var generator = TorchGenerator(seed: 1)
        return generator.normal(shape)
    }
}
