/// The stack of the pickle machine, with the marks on it.
struct PickleStack {
    typealias Reference = PickleValues.Reference

    static let maximumDepth = 1 << 18
    /// Open marks: how deep containers lie within each other.
    static let maximumNesting = 256

    private var references: [Reference] = []
    private var marks: [Int] = []

    /// Of everything, marks apart.
    var count: Int { references.count }
    var isMarked: Bool { !marks.isEmpty }

    /// - Returns: whether there was room.
    mutating func push(_ reference: Reference) -> Bool {
        guard references.count < Self.maximumDepth else { return false }
        references.append(reference)
        return true
    }

    mutating func mark() -> Bool {
        guard marks.count < Self.maximumNesting else { return false }
        marks.append(references.count)
        return true
    }

    /// The topmost object above the last mark.
    var top: Reference? { references.count > (marks.last ?? 0) ? references.last : nil }

    mutating func pop() -> Reference? {
        guard top != nil else { return nil }
        return references.removeLast()
    }

    /// As many of the topmost objects, the lowest first.
    mutating func pop(_ count: Int) -> ArraySlice<Reference>? {
        guard references.count - (marks.last ?? 0) >= count else { return nil }
        defer { references.removeLast(count) }
        return references.suffix(count)
    }

    /// The objects above the last mark, which goes with them.
    mutating func popToMark() -> ArraySlice<Reference>? {
        guard let mark = marks.popLast() else { return nil }
        defer { references.removeLast(references.count - mark) }
        return references[mark...]
    }
}
