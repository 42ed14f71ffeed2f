public import Tensors

/// A table with a learned row for each token or position.
public struct Embedding: Sendable {
    let table: Weight

    /// - Parameter p: holds `weight` of `[rows, width]`.
    public init(_ p: Parameters, _ rows: Int, _ width: Int) throws(ParameterError) {
        table = try p.table("weight", [rows, width])
    }

    /// The rows of `ids`, `[ids.count, width]`.
    public func callAsFunction(_ ids: [Int]) -> Tensor { embedding(ids, table) }
}
