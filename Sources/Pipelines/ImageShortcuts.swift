import Stages
import Tensors

/// How the calls of one image follow each other where it leaves work out.
struct ImageShortcuts {
    private let shortcuts: Shortcuts
    private let seed: UInt64
    /// Unconditional, conditional.
    private let states = [DeepFeatures(), DeepFeatures()]
    /// The last call that kept deep features, and whether it was guided.
    private var kept: (call: Int, isGuided: Bool)?

    init(_ shortcuts: Shortcuts, seed: UInt64) {
        self.shortcuts = shortcuts
        self.seed = seed
    }

    /// What a call leaves out.
    /// - Parameter isGuided: whether it is of a pair, or else of the conditional half.
    func options(call: Int, isGuided: Bool) -> UNetShortcuts {
        UNetShortcuts(depth: depth(call, isGuided), merging: merging(call, isGuided))
    }

    /// A call was done.
    mutating func note(call: Int, isGuided: Bool) {
        if case .keeping = depth(call, isGuided) { kept = (call, isGuided) }
    }

    /// The unconditional half has nothing to go on from where the last full call was without it.
    private func depth(_ call: Int, _ isGuided: Bool) -> UNetShortcuts.Depth {
        guard shortcuts.deepCache > 1 else { return .full }
        let own = isGuided ? states : [states[1]]
        guard let kept, call - kept.call < shortcuts.deepCache, kept.isGuided || !isGuided else {
            return .keeping(own)
        }
        return .reusing(own)
    }

    /// Both halves merge the same tokens: else guidance would amplify the difference. Each call
    /// chooses anew, so that none of its errors adds up.
    private func merging(_ call: Int, _ isGuided: Bool) -> UNetShortcuts.TokenMerging? {
        guard shortcuts.tokenMerging > 0 else { return nil }
        let words = SeedSequence(entropy: seed, spawnKey: [UInt64(call)]).words(1)
        return UNetShortcuts.TokenMerging(
            ratio: shortcuts.tokenMerging,
            seeds: [UInt64](repeating: UInt64(words[0]), count: isGuided ? 2 : 1))
    }
}
