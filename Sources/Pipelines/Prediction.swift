import Stages
import Tensors

/// A call of the UNet for one image: a pair for guidance, or one sample.
struct Prediction {
    /// `[B, H, W, latentChannels]`, all at one timestep.
    let latents: Tensor
    let timestep: Float
    /// B of them.
    let conditioning: [any PreparedConditioning]
    var shortcuts = UNetShortcuts.none

    var samples: Int { latents.shape[0] }

    /// What pieces of work must have in common to be one call.
    struct Likeness: Equatable {
        enum Depth { case full, keeping, reusing }

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
            latents: latents.shape.with(1, at: 0), conditioning: conditioning[0].conditioning.shape,
            depth: depth, merging: shortcuts.merging?.ratio)
    }

    /// - Parameter works: all alike.
    static func call(_ unet: any UNet, _ works: [Prediction]) -> Tensor {
        unet.predict(
            works.count == 1 ? works[0].latents : concatenate(works.map(\.latents), axis: 0),
            timesteps: works.flatMap { [Float](repeating: $0.timestep, count: $0.samples) },
            prepared: works.flatMap(\.conditioning),
            shortcuts: UNetShortcuts(batching: works.map(\.shortcuts)))
    }
}

extension UNetShortcuts {
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
