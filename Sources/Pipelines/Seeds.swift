import Tensors

/// How one seed makes all random numbers of a story.
///
/// Each image and each scene has a generator of its own, so that none depends on how much another
/// drew. Image 1 takes the seed itself: its noise is what diffusers draws for
/// `torch.Generator().manual_seed(seed)`. torch looks at the lower 32 bits alone.
struct Seeds {
    let seed: UInt64

    /// A seed for a request that gives none: short enough to be typed again.
    static func random() -> UInt64 { UInt64(UInt32.random(in: .min ... .max)) }

    /// - Parameter index: from 1, over the whole story. Image k has the seed + k - 1.
    func image(_ index: Int) -> UInt64 { seed &+ UInt64(index - 1) }

    /// The complement keeps text apart from the images of the same story.
    /// - Parameter scene: from 1. Scene n has the complement of the seed + n - 1.
    func text(scene: Int) -> UInt64 { ~(seed &+ UInt64(scene - 1)) }
}
