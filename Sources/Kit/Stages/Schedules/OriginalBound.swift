public import Checkpoints
public import Tensors

/// What keeps a predicted x_0 within the range of pictures, for models of pixels.
public enum OriginalBound: Sendable, Equatable {
    case none
    /// `clip_sample`: every element to plus and minus `clip_sample_range`.
    case clip(Double)
    /// `thresholding`: each image is clipped to the given quantile of its magnitudes, itself kept
    /// within 1 and a maximum, and divided by it (Saharia et al. 2022, arXiv 2205.11487,
    /// section 2.3: dynamic thresholding).
    case quantile(Double, maximum: Double)

    /// Reads `thresholding`, `dynamic_thresholding_ratio`, `sample_max_value`, and where an
    /// algorithm clips `clip_sample` and `clip_sample_range`.
    /// - Parameters:
    ///   - clips: the default of `clip_sample`; `nil` for an algorithm that has no clipping.
    ///   - thresholds: whether the algorithm has thresholding.
    public init(
        _ options: SchedulerOptions, clips: Bool? = nil, thresholds: Bool = true
    ) throws(SettingError) {
        self = .none
        if let clips {
            let range = try options.number("clip_sample_range", default: 1, in: 0...1e6)
            if try options.boolean("clip_sample", default: clips) { self = .clip(range) }
        }
        guard thresholds else { return }
        let ratio = try options.number("dynamic_thresholding_ratio", default: 0.995, in: 0...1)
        let maximum = try options.number("sample_max_value", default: 1, in: 1...1e6)
        if try options.boolean("thresholding", default: false) {
            options.warn(
                "thresholding is for models of pixels: latents are not within -1 and 1, and "
                    + "pictures made from thresholded ones are pale")
            self = .quantile(ratio, maximum: maximum)
        }
    }

    /// - Parameter original: `[B, …]`, each image bounded by itself.
    public func callAsFunction(_ original: Tensor) -> Tensor {
        switch self {
        case .none: original
        case .clip(let range): original.bounded(by: Float(range), scaledBy: 1)
        case .quantile(let ratio, let maximum): thresholded(original, ratio, maximum)
        }
    }

    private func thresholded(_ original: Tensor, _ ratio: Double, _ maximum: Double) -> Tensor {
        let images = (0..<original.shape[0]).map { index in
            let image = original.slice(axis: 0, index..<index + 1)
            let bound = min(max(quantile(image.values.map(abs), ratio), 1), maximum)
            return image.bounded(by: Float(bound), scaledBy: 1 / bound)
        }
        return images.count == 1 ? images[0] : concatenate(images, axis: 0)
    }

    /// Between the two nearest ranks in proportion, as `torch.quantile` does.
    private func quantile(_ values: [Float], _ ratio: Double) -> Double {
        let sorted = values.sorted()
        let rank = ratio * Double(sorted.count - 1)
        let below = Int(rank)
        let above = min(below + 1, sorted.count - 1)
        let share = rank - Double(below)
        return Double(sorted[below]) * (1 - share) + Double(sorted[above]) * share
    }
}

extension Tensor {
    fileprivate func bounded(by bound: Float, scaledBy factor: Double) -> Tensor {
        withSpan { elements in
            Tensor(shape) { (span: inout MutableSpan<Float>) in
                for index in span.indices {
                    let clipped = min(max(elements[index], -bound), bound)
                    span[index] = Float(Double(clipped) * factor)
                }
            }
        }
    }
}
