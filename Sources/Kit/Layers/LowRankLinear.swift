public import Tensors

/// A projection with a low-rank correction: `W x + s · B (A x)` (LoRA; Hu et al., 2021, §4.1).
public struct LowRankLinear: Sendable {
    let base: Linear
    /// `A` and `B`; `nil` where the projection has no correction, or has it merged into `W`.
    let correction: (down: Linear, up: Linear)?
    let scale: Float

    /// A projection without correction.
    public init(_ base: Linear) {
        self.base = base
        correction = nil
        scale = 0
    }

    /// A correction kept apart: `W` is read in place, and its numbers are not rounded again.
    ///
    /// - Parameters:
    ///   - down: A, `[r, inputs]`.
    ///   - up: B, `[outputs, r]`.
    public init(_ base: Linear, down: Matrix, up: Matrix, scale: Float) {
        self.base = base
        correction = (Linear(down, bias: nil), Linear(up, bias: nil))
        self.scale = scale
    }

    /// `[…, inputs]` to `[…, outputs]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { corrected(base(x), x) }

    /// `[…, inputs]` to `[…, outputs]` by each of several projections: as one by one, with less work
    /// between them.
    public static func project(_ x: Tensor, by projections: [LowRankLinear]) -> [Tensor] {
        let results = linear(x, projections.map { ($0.base.matrix, $0.base.bias) })
        return zip(projections, results).map { $0.corrected($1, x) }
    }

    private func corrected(_ y: Tensor, _ x: Tensor) -> Tensor {
        guard let correction else { return y }
        return y + correction.up(correction.down(x)).scaled(by: scale)
    }

    /// The correction in a copy of `W`, rounded to its format: one product less a call.
    ///
    /// A `W` that was rounded as it was packed cannot be changed: its correction stays apart.
    public func merged() -> LowRankLinear {
        guard let correction, let weight = base.matrix.numbers,
            let down = correction.down.matrix.numbers, let up = correction.up.matrix.numbers
        else { return self }
        let sum = weight.merged(down: down, up: up, scale: scale)
        return LowRankLinear(Linear(base.matrix.holding(sum), bias: base.bias))
    }
}

extension Weight {
    /// `W + s · B A`, in the format of `W`.
    ///
    /// - Parameters:
    ///   - down: A, `[r, inputs]`.
    ///   - up: B, `[outputs, r]`.
    public func merged(down: Weight, up: Weight, scale: Float) -> Weight {
        guard isMaterialised else { return self }
        let product = linear(up.tensor(), Weight(transposed(down.tensor())))
        return Weight(tensor() + product.scaled(by: scale), format: format)
    }
}

/// `[M, N]` to `[N, M]`; for the small matrices of an adapter.
private func transposed(_ x: Tensor) -> Tensor {
    let (rows, columns) = (x.shape[0], x.shape[1])
    return Tensor([columns, rows]) { y in
        x.withSpan { x in
            for row in 0..<rows {
                for column in 0..<columns { y[column * rows + row] = x[row * columns + column] }
            }
        }
    }
}
