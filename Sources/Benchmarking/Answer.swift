import Stages
import Tensors

extension ExerciseMaker {
    /// A whole answer, as the engine goes about it: pictures and a prompt are taken in, tokens told
    /// one by one, the vokens fed at once, mapped, and their picture made with guidance.
    func answer(check: @escaping () throws -> Void) throws -> Exercise {
        let (sizes, chunk) = (sizes.answer, maker.source.prefillChunk)
        let encoder = try maker.make(.imageEncoder)
        let mapper = try maker.make(.featureMapper)
        let unet = try maker.make(.unet)
        let vae = try maker.make(.vae)
        let eye = try encoder.stage(as: (any ImageEncoder).self)
        let features = try mapper.stage(as: (any FeatureMapper).self)
        let denoiser = try unet.stage(as: (any UNet).self)
        let painter = try vae.stage(as: (any VAE).self)
        let context = sizes.prompt + sizes.pictures * eye.positions
        let (language, model) = try language(
            needing: context + sizes.tokens + features.vokens)
        let prompt = words(sizes.prompt, of: model)
        let pixels = picture(eye.imageSize)
        let noise = normal([1, denoiser.sampleSize, denoiser.sampleSize, denoiser.latentChannels])

        var work: Work? = Work()
        func add(_ count: Int, _ part: Work?) {
            work = work.flatMap { sum in part.map { sum + count * $0 } }
        }
        add(sizes.pictures, try encoder.work(.encoding))
        add(1, try language.work(.language(sequences: 1, positions: context, cached: 0)))
        for token in 0..<sizes.tokens {
            add(
                1,
                try language.work(.language(sequences: 1, positions: 1, cached: context + token)))
        }
        add(
            1,
            try language.work(
                .language(
                    sequences: 1, positions: features.vokens, cached: context + sizes.tokens)))
        add(1, try mapper.work(.mapping))
        add(
            sizes.steps,
            try unet.work(.unet(side: denoiser.sampleSize, length: features.length)))
        add(1, try vae.work(.decoding(side: denoiser.sampleSize)))

        let plan = try maker.scheduler(steps: sizes.steps)
        return Exercise(work: work, items: 1, unit: "answers", type: "mixed") {
            let state = model.makeState()
            var input = [model.embed(prompt)]
            for _ in 0..<sizes.pictures {
                let seen = steps.run("encode") { eye.encode(pixels) }
                input.append(seen.reshaped([eye.positions, eye.width]))
                try check()
            }
            let rows = concatenate(input, axis: 0)
            var hidden = rows
            for start in stride(from: 0, to: context, by: chunk) {
                let part = rows.slice(axis: 0, start..<min(start + chunk, context))
                hidden = steps.forward(model, [part], [state])
                try check()
            }
            for _ in 0..<sizes.tokens {
                let last = hidden.shape[0] - 1
                let token = likeliest(
                    steps.logits(model, hidden.slice(axis: 0, last..<last + 1)))
                hidden = steps.forward(model, [model.embed([token])], [state])
                try check()
            }
            let vokens = Array(model.tokenizer.vokens.prefix(features.vokens))
            let told = steps.forward(model, [model.embed(vokens)], [state])
                .reshaped([1, features.vokens, model.width])
            let nothing = Tensor(told.shape, repeating: 0)
            let states = concatenate([nothing, told], axis: 0)
            let conditioning = steps.run("map") { features.map(states) }
            let prepared = (0..<2).map {
                denoiser.prepare(conditioning.slice(axis: 0, $0..<$0 + 1))
            }
            let latent = try draw(plan, noise, check) { latents, timestep in
                steps.run("predict") {
                    denoiser.predict(
                        latents, timesteps: [timestep, timestep], prepared: prepared,
                        shortcuts: .none)
                }
            }
            _ = steps.run("decode") { painter.decode(latent) }
        }
    }

    private func draw(
        _ plan: any Trajectory, _ noise: Tensor, _ check: () throws -> Void,
        predict: (Tensor, Float) -> Tensor
    ) throws -> Tensor {
        let guidance = 7.5
        var (trajectory, sample) = (plan, noise.scaled(by: plan.initialNoiseScale))
        var generator = TorchGenerator(seed: 1)
        for (call, timestep) in plan.timesteps.enumerated() {
            let input = trajectory.modelInput(sample, call: call)
            let both = predict(concatenate([input, input], axis: 0), timestep)
            let output = linearCombination([
                (1 - guidance, both.slice(axis: 0, 0..<1)),
                (guidance, both.slice(axis: 0, 1..<2)),
            ])
            sample = trajectory.step(sample, output: output, call: call, noise: &generator)
            try check()
        }
        return sample
    }
}

/// The id of the greatest logit.
private func likeliest(_ logits: Tensor) -> Int {
    logits.withSpan { logits in
        var best = 0
        for id in logits.indices where logits[id] > logits[best] { best = id }
        return best
    }
}
