/// Numbers in ascending order, in a line that any of them may leave. The line is kept in blocks, so
/// that no change takes long, however many there are.
struct JobLine {
    /// None is empty.
    private var blocks: [[Int]] = []
    private(set) var count = 0
    private static let blockSize = 256

    var first: Int? { blocks.first?.first }

    /// - Parameter number: as a rule greater than all that are there.
    mutating func join(_ number: Int) {
        count += 1
        if let block = blocks.firstIndex(where: { $0[$0.count - 1] > number }) {
            let index = blocks[block].firstIndex { $0 > number } ?? 0
            blocks[block].insert(number, at: index)
        } else if let last = blocks.indices.last, blocks[last].count < Self.blockSize {
            blocks[last].append(number)
        } else {
            blocks.append([number])
        }
    }

    func contains(_ number: Int) -> Bool { find(number) != nil }

    /// - Returns: whether it was there.
    mutating func leave(_ number: Int) -> Bool {
        guard let (block, index) = find(number) else { return false }
        blocks[block].remove(at: index)
        if blocks[block].isEmpty { blocks.remove(at: block) }
        count -= 1
        return true
    }

    /// How many are before a number, or would be if it was there.
    func count(before number: Int) -> Int {
        var before = 0
        for block in blocks {
            guard let last = block.last, last >= number else {
                before += block.count
                continue
            }
            return before + block.prefix { $0 < number }.count
        }
        return before
    }

    private func find(_ number: Int) -> (block: Int, index: Int)? {
        guard let block = blocks.firstIndex(where: { $0[$0.count - 1] >= number }),
            let index = blocks[block].firstIndex(of: number)
        else { return nil }
        return (block, index)
    }
}
