import Checkpoints
import Tensors

/// Between a sample as torch has it and as schedulers here have it.
///
/// Of four axes it is `[B, C, H, W]`, and becomes `[B, H, W, C]`. Any other rank becomes
/// `[B, rest, 1, 1]`, so that noise is drawn for it in the order of its elements.
struct SampleLayout: Sendable {
    /// torch's.
    let extents: [Int]
    /// Ours.
    let shape: Shape

    private static let maximumCount = 1 << 26
    private static let maximumRank = 8

    init(_ extents: [Int]) throws(RequestError) {
        guard (1...Self.maximumRank).contains(extents.count), extents.allSatisfy({ $0 > 0 }) else {
            throw RequestError(
                .invalid,
                "a sample has 1 to \(Self.maximumRank) axes, none of them empty; this has the "
                    + "shape \(extents)")
        }
        var count = 1
        for extent in extents {
            // The limit is far below what a product of two could overflow at.
            guard extent <= Self.maximumCount, count * extent <= Self.maximumCount else {
                throw RequestError(
                    .invalid,
                    "a sample of shape \(extents) is over the limit of \(Self.maximumCount) numbers"
                )
            }
            count *= extent
        }
        self.extents = extents
        if extents.count == 4 {
            shape = [extents[0], extents[2], extents[3], extents[1]]
        } else {
            shape = [extents[0], count / extents[0], 1, 1]
        }
    }

    var count: Int { shape.count }

    /// - Parameter values: in torch's order.
    func tensor(_ values: [Float]) -> Tensor {
        guard extents.count == 4 else { return Tensor(shape, values) }
        return Tensor(Shape(extents), values).channelsInnermost()
    }

    func numbers(_ tensor: Tensor) -> Safetensors.Numbers {
        let values = extents.count == 4 ? tensor.channelsOutermost().values : tensor.values
        return Safetensors.Numbers(extents: extents, values: values)
    }
}
