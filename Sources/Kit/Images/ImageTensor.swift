public import Tensors

extension Image {
    /// `[1, H, W, 3]` in `0...1`.
    public func tensor() -> Tensor {
        Tensor([1, height, width, 3]) { (elements: inout MutableSpan<Float>) in
            let pixels = pixels.span
            for index in pixels.indices { elements[index] = Float(pixels[index]) / 255 }
        }
    }

    /// From `[1, H, W, 3]` or `[H, W, 3]` in `0...1`: what lies outside is cut off, a NaN is black,
    /// and 255 times a value is rounded to nearest, halves to even, as NumPy does.
    public init(_ tensor: Tensor) {
        let shape = tensor.shape
        precondition(
            shape.rank >= 3 && shape[-1] == 3 && shape.count == shape[-3] * shape[-2] * 3,
            "\(shape) is not one picture")
        let pixels = tensor.withSpan { elements in
            unsafe [UInt8](unsafeUninitializedCapacity: elements.count) { pixels, count in
                for index in elements.indices {
                    let level = (elements[index] * 255).rounded(.toNearestOrEven)
                    // min and max keep the first of two operands that a NaN makes incomparable.
                    unsafe pixels[index] = UInt8(max(0, min(level, 255)))
                }
                count = elements.count
            }
        }
        self.init(width: shape[-2], height: shape[-3], pixels: pixels)
    }
}
