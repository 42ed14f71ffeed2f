/// The extents of a dense, row-major array, outermost first; at most four of them.
///
/// Held inline: an array of extents would cost an allocation for each operation.
public struct Shape: Sendable, Equatable, ExpressibleByArrayLiteral, CustomStringConvertible {
    public static let maximumRank = 4

    private var extents: InlineArray<4, Int>
    public let rank: Int

    public init(_ extents: [Int]) {
        precondition(extents.count <= Self.maximumRank, "rank \(extents.count) is over 4")
        self.extents = .init(repeating: 1)
        rank = extents.count
        for (axis, extent) in extents.enumerated() {
            precondition(extent >= 0, "negative extent in \(extents)")
            self.extents[axis] = extent
        }
    }

    public init(_ extents: Int...) { self.init(extents) }

    public init(arrayLiteral extents: Int...) { self.init(extents) }

    /// The number of elements: the product of all extents, 1 for a scalar.
    public var count: Int {
        var product = 1
        for axis in 0..<rank { product *= extents[axis] }
        return product
    }

    /// The extent of an axis; a negative axis counts from the innermost, which is -1.
    public subscript(axis: Int) -> Int {
        let index = axis < 0 ? rank + axis : axis
        precondition(index >= 0 && index < rank, "axis \(axis) of a shape of rank \(rank)")
        return extents[index]
    }

    public var array: [Int] { (0..<rank).map { extents[$0] } }

    /// This shape with the extent of one axis replaced.
    public func with(_ extent: Int, at axis: Int) -> Shape {
        var array = self.array
        array[axis < 0 ? rank + axis : axis] = extent
        return Shape(array)
    }

    public static func == (a: Shape, b: Shape) -> Bool {
        guard a.rank == b.rank else { return false }
        for axis in 0..<a.rank where a.extents[axis] != b.extents[axis] { return false }
        return true
    }

    public var description: String { "[\(array.map(String.init).joined(separator: ", "))]" }
}
