import Stages
import Synchronization
import Tensors

/// A conditioning, and what the UNet makes of it, which the first call that needs it brings: a stage
/// computes only within its calls.
final class ImageConditioning: Sendable {
    /// `[1, L, C]`.
    let feature: Tensor
    private let held = Mutex<(any PreparedConditioning)?>(nil)

    init(_ feature: Tensor) { self.feature = feature }

    /// - Parameter unet: the same at each call.
    func prepared(by unet: any UNet) -> any PreparedConditioning {
        if let prepared = held.withLock({ $0 }) { return prepared }
        let prepared = unet.prepare(feature)
        held.withLock { $0 = prepared }
        return prepared
    }
}
