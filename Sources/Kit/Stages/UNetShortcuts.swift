import Synchronization
public import Tensors

/// Work that a UNet may know to leave out, at the price of another picture than the exact one.
public enum UNetShortcut: String, Sendable, CaseIterable {
    /// ``UNetShortcuts/Depth``.
    case deepFeatures = "deep_cache"
    /// ``UNetShortcuts/merging``.
    case tokenMerging = "token_merging"
}

/// What one call of a UNet leaves out: all of its samples alike.
public struct UNetShortcuts: Sendable {
    /// How deep a call goes (DeepCache: Ma et al., CVPR 2024, arXiv 2312.00858, section 3.3): between
    /// neighbouring steps the features of the coarse levels hardly differ, so that only the finest
    /// layers are computed anew.
    public enum Depth: Sendable {
        case full
        /// All is computed, exactly, and the deep features of each sample are kept.
        case keeping([DeepFeatures])
        /// The finest layers alone, above what each sample has kept.
        case reusing([DeepFeatures])
    }

    /// Token merging (Bolya and Hoffman 2023, arXiv 2303.17604): self-attention at the latents' own
    /// resolution goes without the tokens that are most like others.
    public struct TokenMerging: Sendable, Equatable {
        /// Of all tokens, how many are left out: 0 to 0.75, since one in each square of two by two
        /// stays.
        public let ratio: Double
        /// For each sample what its choice of tokens follows from.
        public let seeds: [UInt64]

        public init(ratio: Double, seeds: [UInt64]) {
            self.ratio = ratio
            self.seeds = seeds
        }
    }

    public var depth: Depth
    public var merging: TokenMerging?

    /// The call is exact.
    public static let none = UNetShortcuts()

    public init(depth: Depth = .full, merging: TokenMerging? = nil) {
        self.depth = depth
        self.merging = merging
    }
}

/// The deep features of one sample, between the calls of one image: a state, which its request owns.
public final class DeepFeatures: Sendable {
    private let held = Mutex<Tensor?>(nil)

    public init() {}

    /// `nil` until a call has kept some.
    public var features: Tensor? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}
