/// One operation by itself, of random numbers.
public enum BenchmarkKernel: Sendable, Equatable {
    /// `rows` rows of `inputs` numbers by a matrix of `outputs` rows.
    case product(rows: Int, outputs: Int, inputs: Int)
    /// A 3×3 convolution with a padding of 1.
    case convolution(batch: Int, height: Int, width: Int, inputs: Int, outputs: Int)
    case attention(heads: Int, queries: Int, keys: Int, width: Int)

    /// `gemm:MxNxK`, `conv:BxHxWxIxO` or `attention:HxQxKxD`.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let sizes = parts[1].split(separator: "x", omittingEmptySubsequences: false)
            .map { Int($0) ?? 0 }
        guard sizes.allSatisfy((1...1 << 20).contains) else { return nil }
        switch (parts[0], sizes.count) {
        case ("gemm", 3): self = .product(rows: sizes[0], outputs: sizes[1], inputs: sizes[2])
        case ("conv", 5):
            self = .convolution(
                batch: sizes[0], height: sizes[1], width: sizes[2], inputs: sizes[3],
                outputs: sizes[4])
        case ("attention", 4):
            self = .attention(
                heads: sizes[0], queries: sizes[1], keys: sizes[2], width: sizes[3])
        default: return nil
        }
    }

    public var name: String {
        switch self {
        case .product(let m, let n, let k): "gemm:\(m)x\(n)x\(k)"
        case .convolution(let b, let h, let w, let i, let o): "conv:\(b)x\(h)x\(w)x\(i)x\(o)"
        case .attention(let h, let q, let k, let d): "attention:\(h)x\(q)x\(k)x\(d)"
        }
    }

    var work: Work {
        var work = Work()
        switch self {
        case .product(let rows, let outputs, let inputs):
            work.addLinear(rows: rows, inputs, outputs)
        case .convolution(let batch, let height, let width, let inputs, let outputs):
            work.addConvolution(places: batch * height * width, inputs, outputs, kernel: 3)
        case .attention(let heads, let queries, let keys, let width):
            work.addAttention(batch: 1, queries: queries, keys: Double(keys), width: heads * width)
            work.cached = 2 * Double(keys * heads * width)
        }
        return work
    }
}

/// What can be measured: a stage, or one operation.
public enum BenchmarkItem: Sendable, Equatable {
    case stage(BenchmarkStage)
    case kernel(BenchmarkKernel)

    public var name: String {
        switch self {
        case .stage(let stage): stage.rawValue
        case .kernel(let kernel): kernel.name
        }
    }

    /// Whether a call is worth making to warm up: one of minutes is not, for the sake of caches that
    /// it fills itself.
    var isBrief: Bool { self != .stage(.answer) }
}
