/// Rows that are appended over time and read as one tensor without copying: the keys or the values
/// of a sequence.
///
/// Room is taken in blocks, so that appending one row seldom moves the others. A tensor that was
/// read stays as it was: later rows lie behind it, and rows that would take the place of ones it
/// holds, after ``truncate(to:)``, go to fresh memory.
public final class RowBuffer {
    /// Elements of a row.
    public let width: Int
    public private(set) var count = 0
    private let block: Int
    private var storage: Storage
    /// Rows that a tensor may hold.
    private var shared = 0

    /// - Parameter block: the rows by which the capacity grows.
    public init(width: Int, block: Int) {
        precondition(width >= 1 && block >= 1, "rows of \(width) in blocks of \(block)")
        self.width = width
        self.block = block
        storage = Self.room(for: 0)
    }

    /// Of the memory that it has taken.
    public var byteCount: Int { storage.count * MemoryLayout<Float>.stride }

    /// All rows, `[count, width]`; nothing is copied.
    public var rows: Tensor {
        shared = max(shared, count)
        return Tensor(shape: [count, width], storage: storage)
    }

    /// A copy of some rows, `[range.count, width]`, charged as a cache.
    public func copy(_ range: Range<Int>) -> Tensor {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count, "rows \(range) of \(count)")
        let copy = Self.room(for: range.count * width)
        if !copy.isShapeOnly {
            unsafe copy.elements.update(
                from: storage.elements + range.lowerBound * width, count: range.count * width)
        }
        return Tensor(shape: [range.count, width], storage: copy)
    }

    /// - Parameter rows: `[…, width]`.
    public func append(_ rows: Tensor) {
        precondition(rows.shape[-1] == width, "rows of \(rows.shape) into width \(width)")
        let added = rows.count / width
        if (count + added) * width > storage.count || count < shared { move(toHold: count + added) }
        defer { count += added }
        if storage.isShapeOnly { return }
        let target = unsafe storage.elements + count * width
        unsafe rows.withElements { unsafe target.update(from: $0, count: rows.count) }
    }

    /// Drops the rows from `count` on.
    public func truncate(to count: Int) {
        precondition((0...self.count).contains(count), "cannot keep \(count) of \(self.count) rows")
        self.count = count
    }

    private func move(toHold rows: Int) {
        let capacity = (rows + block - 1) / block * block
        let moved = Self.room(for: capacity * width)
        if !moved.isShapeOnly {
            unsafe moved.elements.update(from: storage.elements, count: count * width)
        }
        storage = moved
        shared = 0
    }

    /// Charged as a cache once, also while tensors share it.
    private static func room(for count: Int) -> Storage {
        Storage(count: count, charging: MemoryAccount.current?.caches, for: .kept)
    }
}
