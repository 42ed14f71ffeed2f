import Stages
import Tensors

/// A call of the UNet for one image: a pair for guidance, or one sample.
struct Prediction {
    /// `[B, H, W, latentChannels]`, all at one timestep.
    let latents: Tensor
    let timestep: Float
    /// B of them.
    let conditioning: [ImageConditioning]
    var shortcuts = UNetShortcuts.none

    var samples: Int { latents.shape[0] }

    /// What pieces of work must have in common to be one call.
    struct Likeness: Equatable {
        enum Depth: Hashable { case full, keeping, reusing }

        let latents: Shape
        let conditioning: Shape
        let depth: Depth
        let merging: Double?
    }

    var likeness: Likeness {
        let depth: Likeness.Depth =
            switch shortcuts.depth {
            case .full: .full
            case .keeping: .keeping
            case .reusing: .reusing
            }
        return Likeness(
            latents: latents.shape.with(1, at: 0), conditioning: conditioning[0].feature.shape,
            depth: depth, merging: shortcuts.merging?.ratio)
    }

    /// - Parameter works: all alike.
    static func call(_ unet: any UNet, _ works: [Prediction]) -> Tensor {
        unet.predict(
            works.count == 1 ? works[0].latents : concatenate(works.map(\.latents), axis: 0),
            timesteps: works.flatMap { [Float](repeating: $0.timestep, count: $0.samples) },
            prepared: works.flatMap { $0.conditioning.map { $0.prepared(by: unet) } },
            shortcuts: UNetShortcuts(batching: works.map(\.shortcuts)))
    }

    /// The same call for a dry run, with states of its own.
    var rehearsed: Prediction {
        Prediction(
            latents: Tensor(shapeOnly: latents.shape), timestep: timestep,
            conditioning: conditioning.map {
                ImageConditioning(Tensor(shapeOnly: $0.feature.shape))
            }, shortcuts: shortcuts.rehearsed)
    }
}

extension UNetShortcuts {
    fileprivate var rehearsed: UNetShortcuts {
        let depth: Depth =
            switch depth {
            case .full: .full
            case .keeping(let states): .keeping(states.map { _ in DeepFeatures() })
            case .reusing(let states):
                .reusing(
                    states.map { state in
                        let own = DeepFeatures()
                        own.features = state.features.map { Tensor(shapeOnly: $0.shape) }
                        return own
                    })
            }
        return UNetShortcuts(depth: depth, merging: merging)
    }

    /// Those of several samples, which leave out the same.
    fileprivate init(batching parts: [UNetShortcuts]) {
        let states = parts.flatMap { part in
            switch part.depth {
            case .full: [DeepFeatures]()
            case .keeping(let states), .reusing(let states): states
            }
        }
        let depth: Depth =
            switch parts[0].depth {
            case .full: .full
            case .keeping: .keeping(states)
            case .reusing: .reusing(states)
            }
        self.init(
            depth: depth,
            merging: parts[0].merging.map {
                TokenMerging(ratio: $0.ratio, seeds: parts.flatMap { $0.merging?.seeds ?? [] })
            })
    }
}
