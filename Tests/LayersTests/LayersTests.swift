import Layers
import Tensors
import TestSupport
import Testing

/// Layers take what the checkpoint holds under PyTorch's names, and compute the operation.
struct LayersTests {
    let expected: Fixture

    init() throws { expected = try Fixture("operations.safetensors") }

    @Test func linearFromACheckpoint() throws {
        let name = "linear.many.f16"
        let p = Parameters(
            Store([
                "fc.weight": try expected.weight(name + ".weight"),
                "fc.bias": try expected.weight(name + ".bias"),
            ]))
        let layer = try Linear(p["fc"], 37, 19)
        let (x, y) = (try expected.tensor(name + ".x"), try expected.tensor(name + ".y"))
        expectClose(layer(x), y)
        let withoutBias = try Linear(p["fc"], 37, 19, bias: false)
        expectClose(withoutBias(x), y - (try expected.tensor(name + ".bias")))
    }

    @Test func convolutionFromACheckpoint() throws {
        for (name, outputs, inputs, kernel, stride, padding) in [
            ("conv2d.down", 6, 5, 3, 2, Padding(1)), ("conv2d.patches", 9, 3, 4, 4, Padding(0)),
            ("conv2d.bottomRight", 5, 3, 3, 2, Padding(top: 0, left: 0, bottom: 1, right: 1)),
        ] {
            let p = Parameters(
                Store([
                    "weight": try expected.weight(name + ".weight"),
                    "bias": try expected.weight(name + ".bias"),
                ]))
            let layer = try Conv2d(
                p, inputs, outputs, kernel: kernel, stride: stride, padding: padding)
            expectClose(
                layer(try expected.tensor(name + ".x")), try expected.tensor(name + ".y"))
        }
    }

    @Test func normsFromACheckpoint() throws {
        func parameters(_ name: String) throws -> Parameters {
            var weights = ["weight": try expected.weight(name + ".weight")]
            if name != "rmsNorm" { weights["bias"] = try expected.weight(name + ".bias") }
            return Parameters(Store(weights))
        }
        let layerNorm = try LayerNorm(parameters("layerNorm.near"), 37, epsilon: 1e-5)
        expectClose(
            layerNorm(try expected.tensor("layerNorm.near.x")),
            try expected.tensor("layerNorm.near.y"))
        let rmsNorm = try RMSNorm(parameters("rmsNorm"), 37, epsilon: 1e-5)
        expectClose(rmsNorm(try expected.tensor("rmsNorm.x")), try expected.tensor("rmsNorm.y"))
        let groupNorm = try GroupNorm(
            parameters("groupNorm.image"), groups: 3, channels: 12, epsilon: 1e-6)
        expectClose(
            groupNorm(try expected.tensor("groupNorm.image.x")),
            try expected.tensor("groupNorm.image.y"))
    }

    @Test func embeddingFromACheckpoint() throws {
        let table = Weight(Tensor([2, 3], [1, 2, 3, 4, 5, 6]), format: .bfloat16)
        let layer = try Embedding(Parameters(Store(["weight": table])), 2, 3)
        #expect(layer([1, 1, 0]).values == [4, 5, 6, 4, 5, 6, 1, 2, 3])
    }

    @Test func anotherShapeIsRefused() throws {
        let p = Parameters(Store(["fc.weight": Weight(shapeOnly: [3, 2])]))
        #expect(
            throws: ParameterError(
                .shapeMismatch, name: "fc.weight", expected: [2, 3], found: [3, 2])
        ) { try Linear(p["fc"], 3, 2, bias: false) }
    }

    @Test func whatIsMissingIsNamed() throws {
        let p = Parameters(Store(["fc.weight": Weight(shapeOnly: [2, 3])]))
        #expect(throws: ParameterError(.missing, name: "fc.bias", expected: [2])) {
            try Linear(p["fc"], 3, 2)
        }
        #expect(
            throws: ParameterError(.missing, name: "conv.weight", expected: [4, 2, 3, 3])
        ) { try Conv2d(p["conv"], 2, 4, kernel: 3) }
        #expect(throws: ParameterError(.missing, name: "norm.weight", expected: [4])) {
            try GroupNorm(p["norm"], groups: 2, channels: 4, epsilon: 1e-5)
        }
    }
}

/// A handful of weights by name.
private final class Store: ParameterStore {
    private let weights: [String: Weight]

    init(_ weights: [String: Weight]) { self.weights = weights }

    func parameter(
        named name: String, shape: Shape, for use: ParameterUse
    ) -> StoredParameter? {
        weights[name].map { .plain($0) }
    }

    func contains(_ name: String) -> Bool { weights[name] != nil }
}
