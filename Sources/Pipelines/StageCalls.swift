import Stages
import Tensors

// The calls of stages, each charged to its stage, and each with a check of what comes back: a
// plugin that answers with the wrong shape or with numbers that are none fails the request, with
// its name, and not the program.

/// Pieces of work that one call of a stage does: a single one, or several that keep company.
struct StageCall {
    typealias Answer = Result<Tensor, RequestError>

    let generation: Generation
    let works: [StageWork]

    /// - Parameter arena: for what the call makes; without one each tensor gets memory of its own.
    /// - Returns: an answer for each piece. Numbers that are not finite fail the piece that they
    ///   belong to, a wrong shape fails all.
    func answers(_ meter: StageMeter, in arena: Arena? = nil) -> [Answer] {
        let start = ContinuousClock.now
        let outputs = MemoryAccount.charging(generation.work(works[0].kind)) {
            guard let arena, let plan else { return call() }
            return arena.run(plan) { call().map { $0.copiedOutOfStep() } }
        }
        meter.count(
            works[0].kind, items: works.reduce(0) { $0 + $1.items }, ContinuousClock.now - start)
        return checked(outputs)
    }

    /// How much memory the call takes; `nil` for a stage that is not the generation's.
    var plan: StepPlan? {
        generation.plans[works[0].kind]?.plan(StepKey(works)) {
            let works = works.map { $0.rehearsed(by: generation) }
            _ = StageCall(generation: generation, works: works).call()
        }
    }

    /// - Parameter outputs: what the stage gave, for each piece.
    func checked(_ outputs: [Tensor]) -> [Answer] {
        let expected = works.map(shape)
        for index in works.indices
        where outputs.count != works.count
            || outputs[index].shape != expected[index]
        {
            let found = index < outputs.count ? "\(outputs[index].shape)" : "nothing"
            let error = RequestError(
                .stageFailed,
                "stage \(works[0].kind.rawValue) gave the shape \(found) instead of "
                    + "\(expected[index]); its plugin is at fault")
            return works.map { _ in .failure(error) }
        }
        return outputs.map(finite)
    }

    private func call() -> [Tensor] {
        guard works.count > 1 else { return [output(works[0])] }
        switch works[0] {
        case .forward:
            let pairs = works.compactMap { work in
                if case .forward(let embeddings, let state) = work {
                    (embeddings, state)
                } else {
                    nil
                }
            }
            return generation.languageModel.forward(pairs.map(\.0), states: pairs.map(\.1))
        case .logits:
            let hidden = works.compactMap { work in
                if case .logits(let hidden) = work { hidden } else { nil }
            }
            return parts(generation.languageModel.logits(concatenate(hidden, axis: 0)))
        case .predict:
            let predictions = works.compactMap { work in
                if case .predict(let prediction) = work { prediction } else { nil }
            }
            return parts(Prediction.call(generation.unet, predictions))
        case .encode, .map, .decode:
            preconditionFailure("\(works[0].kind) keeps no company")
        }
    }

    private func output(_ work: StageWork) -> Tensor {
        switch work {
        case .encode(let pixels):
            return generation.imageEncoder.encode(pixels)
        case .forward(let embeddings, let state):
            return generation.languageModel.forward(embeddings, state: state)
        case .logits(let hidden):
            return generation.languageModel.logits(hidden)
        case .map(let hidden):
            return generation.featureMapper.map(hidden)
        case .predict(let prediction):
            return Prediction.call(generation.unet, [prediction])
        case .decode(let latents):
            return generation.vae.decode(latents)
        }
    }

    /// A batch's members, as many for each piece as it has items; one part if they do not add up.
    private func parts(_ batch: Tensor) -> [Tensor] {
        guard batch.shape[0] == works.reduce(0, { $0 + $1.items }) else { return [batch] }
        var start = 0
        return works.map { work in
            defer { start += work.items }
            return batch.slice(axis: 0, start..<start + work.items)
        }
    }

    /// Of the stage's answer.
    private func shape(_ work: StageWork) -> Shape {
        switch work {
        case .encode:
            return [1, generation.imageEncoder.positions, generation.imageEncoder.width]
        case .forward(let embeddings, _):
            return embeddings.shape
        case .logits:
            return [1, generation.languageModel.vocabularySize]
        case .map:
            return [1, generation.featureMapper.length, generation.featureMapper.width]
        case .predict(let prediction):
            return prediction.latents.shape
        case .decode(let latents):
            let scale = generation.vae.downsampling
            return [1, latents.shape[1] * scale, latents.shape[2] * scale, 3]
        }
    }

    private func finite(_ output: Tensor) -> Answer {
        guard output.isFinite else {
            return .failure(
                RequestError(
                    .stageFailed,
                    "stage \(works[0].kind.rawValue) gave numbers that are not finite; "
                        + "check its weights and the pipeline's settings"))
        }
        return .success(output)
    }
}

extension Generation {
    /// - Returns: `[T, D]`.
    func embed(_ tokens: [Int]) throws(RequestError) -> Tensor {
        let embeddings = MemoryAccount.charging(work(.languageModel)) {
            languageModel.embed(tokens)
        }
        guard embeddings.shape == [tokens.count, languageModel.width], embeddings.isFinite else {
            throw RequestError(
                .stageFailed,
                "stage language_model gave embeddings of the shape \(embeddings.shape), or not "
                    + "finite; check its weights")
        }
        return embeddings
    }

    /// A new sequence.
    func makeState() -> any LanguageModelState {
        MemoryAccount.charging(work(.languageModel)) { languageModel.makeState() }
    }
}

extension Tensor {
    fileprivate var isFinite: Bool {
        withSpan { span in
            // NaN and infinities, and nothing else, do not cancel out to zero.
            var sum: Float = 0
            for index in span.indices { sum += span[index] * 0 }
            return sum == 0
        }
    }
}
