import Layers
import Tensors
import Testing

@Suite struct LowRankLinearTests {
    /// A merged correction gives what the one kept apart does, up to rounding, wherever the numbers of
    /// the matrix are there; elsewhere it stays apart.
    @Test(arguments: WeightType.allCases)
    func merging(type: WeightType) throws {
        let p = Parameters(Noise(type))
        let apart = LowRankLinear(
            try Linear(p["a"], 37, 19), down: try p.matrix("down", [3, 37]),
            up: try p.matrix("up", [19, 3]), scale: 0.7)
        let x = noise([4, 37])
        let (expected, merged) = (apart(x).values, apart.merged()(x).values)
        let apartness = zip(expected, merged).reduce(Float(0)) { $0 + abs($1.0 - $1.1) }
        let magnitude = expected.reduce(Float(0)) { $0 + abs($1) }
        switch type {
        case .f32: #expect(apartness > 0 && apartness < 1e-5 * magnitude)
        case .f16: #expect(apartness > 0 && apartness < 1e-3 * magnitude)
        case .bf16, .q8_0, .q4: #expect(apartness == 0)
        }
    }
}
