/// Rows of a table.
///
/// - Parameters:
///   - ids: `T` row numbers, each inside the table.
///   - table: `[V, D]`.
/// - Returns: `[T, D]`.
public func embedding(_ ids: [Int], _ table: Weight) -> Tensor {
    precondition(table.shape.rank == 2, "embedding: table \(table.shape)")
    let (rows, width) = (table.shape[0], table.shape[1])
    return unsafe Tensor(uninitialized: [ids.count, width]) { y in
        for (index, id) in ids.enumerated() {
            precondition(id >= 0 && id < rows, "embedding: row \(id) of table \(table.shape)")
            unsafe table.decode(id * width..<(id + 1) * width, into: y + index * width)
        }
    }
}
