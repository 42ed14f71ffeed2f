public import Tensors

extension TorchGenerator {
    /// Standard normal noise for a sample: `torch.randn_like`, which draws with channels outermost.
    /// - Parameter sample: `[B, H, W, C]`, or of another rank, drawn as it lies.
    /// - Returns: shaped like the sample.
    public mutating func normal(like sample: Tensor) -> Tensor {
        let shape = sample.shape
        guard shape.rank == 4 else { return normal(shape) }
        return normal([shape[0], shape[3], shape[1], shape[2]]).channelsInnermost()
    }
}
