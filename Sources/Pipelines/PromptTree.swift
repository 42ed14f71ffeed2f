import Stages

/// Pieces of prompts by what they are and what comes before them: a tree, in which prompts that begin
/// in the same way have a path in common (after RadixAttention: Zheng et al. 2024, arXiv 2312.07104,
/// section 3). Over a limit of bytes, the leaves that were not used for longest go.
struct PromptTree {
    private struct Node {
        let piece: any LanguageModelPiece
        let key: [PromptPosition]
        /// `nil` for a prompt's first piece.
        let parent: Int?
        var children: [[PromptPosition]: Int] = [:]
        /// When it was used last.
        var used = 0
    }

    private var nodes: [Int: Node] = [:]
    private var roots: [[PromptPosition]: Int] = [:]
    private var lastNumber = 0
    private var clock = 0
    private(set) var byteCount = 0

    var count: Int { nodes.count }

    /// Where a path through the tree has come to.
    struct Place {
        fileprivate var node: Int?
    }

    static let root = Place(node: nil)

    /// One piece further down, if it is there; it counts as used.
    mutating func next(
        _ key: [PromptPosition], after place: Place
    ) -> (piece: any LanguageModelPiece, Place)? {
        let children = place.node.map { nodes[$0]?.children ?? [:] } ?? roots
        guard let number = children[key], let node = nodes[number] else { return nil }
        clock += 1
        nodes[number]?.used = clock
        return (node.piece, Place(node: number))
    }

    mutating func add(
        _ piece: any LanguageModelPiece, _ key: [PromptPosition], after place: Place
    ) -> Place {
        lastNumber += 1
        clock += 1
        nodes[lastNumber] = Node(piece: piece, key: key, parent: place.node, used: clock)
        if let parent = place.node {
            nodes[parent]?.children[key] = lastNumber
        } else {
            roots[key] = lastNumber
        }
        byteCount += piece.byteCount
        return Place(node: lastNumber)
    }

    /// Drops pieces until the others fit.
    mutating func shrink(to limit: Int) {
        while byteCount > limit, let oldest = oldestLeaf { remove(oldest) }
    }

    private var oldestLeaf: Int? {
        nodes.lazy.filter { $0.value.children.isEmpty }.min { $0.value.used < $1.value.used }?.key
    }

    private mutating func remove(_ number: Int) {
        guard let node = nodes.removeValue(forKey: number) else { return }
        byteCount -= node.piece.byteCount
        if let parent = node.parent {
            nodes[parent]?.children[node.key] = nil
        } else {
            roots[node.key] = nil
        }
    }
}
