/// Each pixel repeated `factor` times in both directions.
///
/// - Parameter x: `[B, H, W, C]`.
/// - Returns: `[B, factor·H, factor·W, C]`.
public func upsampleNearest(_ x: Tensor, by factor: Int) -> Tensor {
    precondition(
        x.shape.rank == 4 && factor >= 1, "upsampleNearest: x \(x.shape) by \(factor)")
    let (batch, height, width, channels) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let line = factor * width * channels
    return unsafe Tensor(uninitialized: [batch, factor * height, factor * width, channels]) { y in
        unsafe x.withElements { x in
            forEachRun(of: batch * height, width: factor * line) { lines in
                for index in lines {
                    let source = unsafe x + index * width * channels
                    let target = unsafe y + index * factor * line
                    for column in 0..<factor * width {
                        unsafe (target + column * channels).update(
                            from: source + column / factor * channels, count: channels)
                    }
                    for copy in 1..<max(factor, 1) {
                        unsafe (target + copy * line).update(from: target, count: line)
                    }
                }
            }
        }
    }
}
