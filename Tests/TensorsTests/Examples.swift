@testable import Tensors

/// Numbers without a pattern, the same in every run: a linear congruential generator's.
func numbers(_ shape: Shape, seed: UInt64 = 1) -> Tensor {
    var state = seed
    return Tensor(shape) { (span: inout MutableSpan<Float>) in
        for index in span.indices {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            span[index] = Float(Int64(bitPattern: state) >> 40) * 0x1p-23
        }
    }
}

/// 0, 1, 2, ...
func counting(_ shape: Shape) -> Tensor { Tensor(shape, (0..<shape.count).map(Float.init)) }

/// The loops of the definitions, in double precision: what the fast kernels are compared with.
enum Reference {
    /// x `[M, K]`, weight `[N, K]`, bias `[N]`.
    static func linear(_ x: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor {
        let (rows, depth, columns) = (x.shape[0], x.shape[1], weight.shape[0])
        let (x, weight, bias) = (x.values, weight.values, bias?.values)
        var y: [Float] = []
        for row in 0..<rows {
            for column in 0..<columns {
                var sum = Double(bias?[column] ?? 0)
                for k in 0..<depth {
                    sum += Double(x[row * depth + k]) * Double(weight[column * depth + k])
                }
                y.append(Float(sum))
            }
        }
        return Tensor([rows, columns], y)
    }

    /// x `[1, H, W, I]`, weight `[O, h, w, I]`, the same padding on all sides.
    static func conv2d(_ x: Tensor, _ weight: Tensor, padding: Int) -> Tensor {
        let (height, width, inputs) = (x.shape[1], x.shape[2], x.shape[3])
        let (outputs, h, w) = (weight.shape[0], weight.shape[1], weight.shape[2])
        let shape: Shape = [1, height + 2 * padding - h + 1, width + 2 * padding - w + 1, outputs]
        let (x, weight) = (x.values, weight.values)
        var y: [Float] = []
        for line in 0..<shape[1] {
            for column in 0..<shape[2] {
                for output in 0..<outputs {
                    var sum = 0.0
                    for dy in 0..<h {
                        for dx in 0..<w {
                            let (py, px) = (line + dy - padding, column + dx - padding)
                            guard 0..<height ~= py, 0..<width ~= px else { continue }
                            for input in 0..<inputs {
                                sum +=
                                    Double(x[(py * width + px) * inputs + input])
                                    * Double(weight[((output * h + dy) * w + dx) * inputs + input])
                            }
                        }
                    }
                    y.append(Float(sum))
                }
            }
        }
        return Tensor(shape, y)
    }

    /// One sample and one head: query `[1, N, d]`, key and value `[1, M, d]`.
    static func attention(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, causalOffset: Int?
    ) -> Tensor {
        let (queries, keys, width) = (query.shape[1], key.shape[1], query.shape[2])
        let (q, k, v) = (query.values, key.values, value.values)
        var y: [Float] = []
        for row in 0..<queries {
            let visible = causalOffset.map { $0 + row + 1 } ?? keys
            var scores = (0..<visible).map { key in
                (0..<width).reduce(0.0) {
                    $0 + Double(q[row * width + $1]) * Double(k[key * width + $1])
                } / Double(width).squareRoot()
            }
            let total = scores.reduce(0) { $0 + exponential($1) }
            scores = scores.map { exponential($0) / total }
            for channel in 0..<width {
                y.append(
                    Float(
                        scores.indices.reduce(0.0) {
                            $0 + scores[$1] * Double(v[$1 * width + channel])
                        }))
            }
        }
        return Tensor(query.shape, y)
    }
}
