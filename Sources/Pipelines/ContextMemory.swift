import Stages
import Tensors

/// What stages have made of a story so far, so that they need not do it again. It can be lost at
/// any time without a byte of any answer changing.
///
/// It belongs to the loaded stages that made it, which it does not keep alive.
struct ContextMemory: Sendable {
    /// Of the image encoder and the language model: an account is one loaded stage's own.
    private weak var encoder: MemoryAccount?
    private weak var model: MemoryAccount?
    /// Pictures as the language model sees them, each `[N, D]`, by their numbers.
    private(set) var encodings: [Int: Tensor] = [:]
    /// Of the same pictures, the sums.
    private var sums: [Int: String] = [:]
    var prefix: PromptPrefix?

    /// Drops what other stages have made than those of a generation.
    mutating func adapt(to generation: Generation) {
        let (newEncoder, newModel) = (
            generation.work(.imageEncoder), generation.work(.languageModel)
        )
        if encoder !== newEncoder {
            encodings = [:]
            sums = [:]
            if prefix?.hasPictures == true { prefix = nil }
        }
        if model !== newModel { prefix = nil }
        encoder = newEncoder
        model = newModel
    }

    mutating func keep(_ encoding: Tensor, of picture: Int) {
        encodings[picture] = encoding
        sums[picture] = encoding.sum
    }

    /// A prompt, position by position.
    /// - Parameter items: all of their pictures were kept.
    func positions(of items: [InputItem]) -> [PromptPosition] {
        items.flatMap { item -> [PromptPosition] in
            switch item {
            case .token(let token): return [.token(token)]
            case .image(let number):
                let rows = encodings[number]?.shape[0] ?? 0
                return (0..<rows).map { .picture(sum: sums[number] ?? "", row: $0) }
            }
        }
    }

    /// Forgets the pictures from a number on: others may take their numbers.
    mutating func forget(picturesFrom count: Int) {
        encodings = encodings.filter { $0.key < count }
        sums = sums.filter { $0.key < count }
        prefix?.forget(picturesFrom: count)
    }

    var byteCount: Int {
        encodings.values.reduce(prefix?.state.byteCount ?? 0) {
            $0 + $1.count * MemoryLayout<Float>.stride
        }
    }

    var cachedPositions: Int { prefix?.positions ?? 0 }
}

/// A sequence of the language model that begins with a prompt.
///
/// Only whole pieces of a prompt are used again: then a new prompt with the same beginning is taken
/// in by the very calls that would take it in from scratch, but for those that are left out, and
/// its states have the same bytes, whatever kernels a stage picks by the number of rows.
struct PromptPrefix: Sendable {
    let state: any LanguageModelState
    /// The prompt.
    private var items: [InputItem]
    /// That whole pieces of the prompt have brought.
    private(set) var positions: Int
    private let pieces: PromptPieces
    /// Positions of a picture.
    private let picture: Int

    /// - Parameter positions: of the prompt that `state` holds.
    init(
        _ state: any LanguageModelState, of items: [InputItem], positions: Int,
        _ pieces: PromptPieces, picture: Int
    ) {
        self.state = state
        self.items = items
        self.positions = pieces.end(before: positions)
        self.pieces = pieces
        self.picture = picture
    }

    var hasPictures: Bool {
        items.contains { if case .image = $0 { true } else { false } }
    }

    /// The positions, from the first, that a prompt can begin with instead of taking them in: whole
    /// pieces, and never all of it, since the state at its end is needed.
    func usable(for prompt: [InputItem], _ pieces: PromptPieces) -> Int {
        guard pieces == self.pieces else { return 0 }
        var common = 0
        for (old, new) in zip(items, prompt) {
            guard old == new else { break }
            common += length(of: new)
        }
        let all = prompt.reduce(0) { $0 + length(of: $1) }
        return pieces.end(before: min(common, positions, all - 1))
    }

    mutating func forget(picturesFrom count: Int) {
        let isForgotten = { (item: InputItem) in
            if case .image(let number) = item { number >= count } else { false }
        }
        guard let end = items.firstIndex(where: isForgotten) else { return }
        items = Array(items[..<end])
        let left = items.reduce(0) { $0 + length(of: $1) }
        positions = min(positions, pieces.end(before: left))
    }

    private func length(of item: InputItem) -> Int {
        if case .image = item { picture } else { 1 }
    }
}
