import Stages
import Synchronization
import Tensors

/// Beginnings of prompts that the language model has taken in lately, for requests of all users that
/// begin in the same way. It can lose anything at any time without a byte of any answer changing.
///
/// It belongs to the language model that serves; to requests of others it is empty.
final class PromptCache: Sendable {
    private struct Held {
        var tree = PromptTree()
        var limit = 0
        /// Of the language model: an account is one loaded stage's own.
        weak var model: MemoryAccount?
        var reused = 0
        var asked = 0
    }

    private let held = Mutex(Held())

    /// Drops what another language model has made than a generation's.
    func adapt(to generation: Generation) {
        held.withLock { held in
            let model = generation.work(.languageModel)
            if held.model !== model { held.tree = PromptTree() }
            held.model = model
            held.limit = generation.file.engine.promptCacheBytes
            held.tree.shrink(to: held.limit)
        }
    }

    var counters: PromptCacheCounters {
        held.withLock { held in
            PromptCacheCounters(
                bytes: held.tree.byteCount, pieces: held.tree.count, asked: held.asked,
                reused: held.reused)
        }
    }

    /// Takes a prompt's first pieces from those that are held, as far as there are any.
    /// - Parameter state: of the generation's model; holds the first pieces of the prompt already,
    ///   or none.
    func advance(
        _ state: any LanguageModelState, through prompt: [PromptPosition], _ pieces: PromptPieces,
        _ generation: Generation
    ) {
        held.withLock { held in
            held.asked += prompt.count
            guard held.limit > 0, Self.isServed(generation, held.model) else { return }
            var (place, start) = (PromptTree.root, 0)
            // The state at the end is needed, so that the last position is always taken in.
            while case let end = pieces.end(from: start), end < prompt.count,
                let (piece, next) = held.tree.next(Array(prompt[start..<end]), after: place)
            {
                if state.count == start {
                    MemoryAccount.charging(held.model) { state.append(piece) }
                    held.reused += end - start
                }
                (place, start) = (next, end)
            }
        }
    }

    /// Holds the pieces of a prompt that was taken in.
    func keep(
        _ state: any LanguageModelState, of prompt: [PromptPosition], _ pieces: PromptPieces,
        _ generation: Generation
    ) {
        held.withLock { held in
            guard held.limit > 0, Self.isServed(generation, held.model) else { return }
            var (place, start) = (PromptTree.root, 0)
            var path = 0
            while case let end = pieces.end(from: start), end < prompt.count, end <= state.count {
                let key = Array(prompt[start..<end])
                if let (piece, next) = held.tree.next(key, after: place) {
                    place = next
                    path += piece.byteCount
                } else {
                    guard
                        let piece = MemoryAccount.charging(
                            held.model, { state.piece(start..<end) })
                    else { return }
                    path += piece.byteCount
                    // Its own beginning would have to go for it.
                    guard path <= held.limit else { return }
                    place = held.tree.add(piece, key, after: place)
                    held.tree.shrink(to: held.limit)
                }
                start = end
            }
        }
    }

    private static func isServed(_ generation: Generation, _ model: MemoryAccount?) -> Bool {
        model != nil && model === generation.work(.languageModel)
    }
}

/// What the cache of prompts has done since the engine began, and holds.
public struct PromptCacheCounters: Sendable, Equatable {
    public var bytes = 0
    public var pieces = 0
    /// Positions of all prompts.
    public var asked = 0
    /// Those of them that came from the cache.
    public var reused = 0

    public init(bytes: Int = 0, pieces: Int = 0, asked: Int = 0, reused: Int = 0) {
        self.bytes = bytes
        self.pieces = pieces
        self.asked = asked
        self.reused = reused
    }
}
