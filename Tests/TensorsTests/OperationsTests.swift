import Glibc
import TestSupport
import Testing

@testable import Tensors

/// Each operation against PyTorch in double precision (`Tests/Reference/operations.py`).
struct OperationsTests {
    let expected: Fixture

    init() throws { expected = try Fixture("operations.safetensors") }

    @Test(arguments: ["many", "few"], ["f32", "f16", "bf16"])
    func linearReadsEveryFormat(rows: String, format: String) throws {
        let name = "linear.\(rows).\(format)"
        let weight = try expected.weight(name + ".weight")
        #expect(weight.format.rawValue == format.uppercased())
        let x = try expected.tensor(name + ".x")
        let bias = try expected.tensor(name + ".bias")
        let y = try expected.tensor(name + ".y")
        expectClose(linear(x, weight, bias: bias), y)
        expectClose(linear(x, weight), y - bias)
    }

    @Test(
        arguments: [
            ("same", 1, Padding(1)), ("down", 2, Padding(1)),
            ("bottomRight", 2, Padding(top: 0, left: 0, bottom: 1, right: 1)),
            ("patches", 4, Padding(0)), ("pixel", 1, Padding(0)),
            ("lopsided", 1, Padding(top: 0, left: 3, bottom: 2, right: 1)),
        ])
    func convolution(name: String, stride: Int, padding: Padding) throws {
        let name = "conv2d." + name
        let weight = try expected.weight(name + ".weight").channelsInnermost()
        let y = conv2d(
            try expected.tensor(name + ".x"), weight, bias: try expected.tensor(name + ".bias"),
            stride: stride, padding: padding)
        expectClose(y, try expected.tensor(name + ".y"))
    }

    @Test(arguments: [("full", nil), ("causal", 2)])
    func attentionOfHeads(name: String, causalOffset: Int?) throws {
        let name = "attention." + name
        let y = attention(
            query: try expected.tensor(name + ".query"), key: try expected.tensor(name + ".key"),
            value: try expected.tensor(name + ".value"), heads: 3, causalOffset: causalOffset)
        expectClose(y, try expected.tensor(name + ".y"))
    }

    @Test(arguments: ["near", "far"])
    func layerNormalisation(name: String) throws {
        let name = "layerNorm." + name
        let y = layerNorm(
            try expected.tensor(name + ".x"), weight: try expected.tensor(name + ".weight"),
            bias: try expected.tensor(name + ".bias"), epsilon: 1e-5)
        expectClose(y, try expected.tensor(name + ".y"))
    }

    @Test func rootMeanSquareNormalisation() throws {
        let y = rmsNorm(
            try expected.tensor("rmsNorm.x"), weight: try expected.tensor("rmsNorm.weight"),
            epsilon: 1e-5)
        expectClose(y, try expected.tensor("rmsNorm.y"))
    }

    @Test(arguments: [("image", 3, 1e-6), ("far", 3, 1e-6), ("sequence", 4, 1e-6)])
    func groupNormalisation(name: String, groups: Int, epsilon: Float) throws {
        let name = "groupNorm." + name
        let y = groupNorm(
            try expected.tensor(name + ".x"), groups: groups,
            weight: try expected.tensor(name + ".weight"),
            bias: try expected.tensor(name + ".bias"), epsilon: epsilon)
        expectClose(y, try expected.tensor(name + ".y"))
    }

    @Test func activations() throws {
        expectClose(silu(try expected.tensor("silu.x")), try expected.tensor("silu.y"))
        expectClose(gelu(try expected.tensor("gelu.x")), try expected.tensor("gelu.y"))
        expectClose(relu(try expected.tensor("relu.x")), try expected.tensor("relu.y"))
        expectClose(geglu(try expected.tensor("geglu.x")), try expected.tensor("geglu.y"))
        expectClose(softmax(try expected.tensor("softmax.x")), try expected.tensor("softmax.y"))
        expectClose(
            swiglu(try expected.tensor("swiglu.gate"), try expected.tensor("swiglu.up")),
            try expected.tensor("swiglu.y"))
    }

    @Test func rotaryPositions() throws {
        let y = rotary(
            try expected.tensor("rotary.x"), heads: 3, firstPosition: 9, base: 10000)
        expectClose(y, try expected.tensor("rotary.y"))
    }

    @Test func timesteps() throws {
        let timesteps = try expected.tensor("timestepEmbedding.timesteps").values
        expectClose(
            timestepEmbedding(timesteps, width: 22), try expected.tensor("timestepEmbedding.y"))
    }

    @Test func timestepsInTheOtherOrder() {
        let cosinesFirst = timestepEmbedding([3, 700], width: 22)
        let sinesFirst = timestepEmbedding([3, 700], width: 22, cosinesFirst: false)
        let halves = [11..<22, 0..<11].map { cosinesFirst.slice(axis: 1, $0) }
        #expect(sinesFirst.values == concatenate(halves, axis: 1).values)
        // A shift of one: from 1 to 1/10000 inclusive, as in Vaswani et al. (2017).
        let shifted = timestepEmbedding([3], width: 4, frequencyShift: 1)
        expectClose(shifted.values, [cos(3), cos(0.0003), sin(3), sin(0.0003)].map(Float.init))
    }

    @Test func upsampling() throws {
        let y = upsampleNearest(try expected.tensor("upsampleNearest.x"), by: 2)
        #expect(y.values == (try expected.tensor("upsampleNearest.y")).values)
    }
}
