import PluginHost
import Stages
import Synchronization
import Tensors

/// The negative side of classifier-free guidance: the mapper's answer to zeros, `[1, L, C]`, and what
/// the UNet makes of it. Both are made by the first request that needs them, for all generations
/// that share those stages.
final class Unconditional: Sendable {
    private let feature: Once<Tensor>
    private let prepared: Once<ImageConditioning>

    /// - Parameters:
    ///   - stages: of a generation, by the keys of the pipeline file.
    ///   - former: a generation that may share some of them.
    init(_ stages: [String: LoadedStage], sharing former: Generation?) {
        func isShared(_ key: String) -> Bool {
            guard let former, let own = stages[key] else { return false }
            return own.weights === former.loaded[key]?.weights
        }
        let mapperIsShared = isShared("stage.feature_mapper")
        let unetIsShared = mapperIsShared && isShared("stage.unet")
        feature = (mapperIsShared ? former?.unconditional.feature : nil) ?? Once()
        prepared = (unetIsShared ? former?.unconditional.prepared : nil) ?? Once()
    }

    /// `nil` until someone has brought the feature.
    var conditioning: ImageConditioning? {
        guard let feature = feature.value else { return nil }
        if let prepared = prepared.value { return prepared }
        prepared.value = ImageConditioning(feature)
        return prepared.value
    }

    func take(_ feature: Tensor) { self.feature.value = feature }
}

/// Something that is found out once; by the inference thread, so that nobody waits.
private final class Once<Value: Sendable>: Sendable {
    private let held = Mutex<Value?>(nil)

    var value: Value? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}
