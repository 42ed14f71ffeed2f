public import Tensors

extension Tensor {
    /// A learned array of one sample, `[1, …]`, for each sample of a batch: `[count, …]`.
    public func repeated(_ count: Int) -> Tensor {
        precondition(shape[0] == 1, "only one sample can be repeated, not \(shape)")
        return count == 1 ? self : concatenate(Array(repeating: self, count: count), axis: 0)
    }
}
