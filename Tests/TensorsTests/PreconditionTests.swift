import Tensors
import Testing

/// Wrong shapes stop the program with a message that holds both of them.
struct PreconditionTests {
    @Test func shapesOfProducts() async {
        await expectMessage("linear: x [2, 3], weight [4, 5]") {
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = linear(Tensor([2, 3], repeating: 0), Weight(shapeOnly: [4, 5]))
            }
        }
        await expectMessage("linear: weight [4, 3], bias [5]") {
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = linear(
                    Tensor([2, 3], repeating: 0), Weight(shapeOnly: [4, 3]),
                    bias: Tensor([5], repeating: 0))
            }
        }
        await expectMessage("residual [4] of a result [2, 4]") {
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = linear(
                    Tensor([2, 3], repeating: 0), Weight(shapeOnly: [4, 3]),
                    adding: Tensor([4], repeating: 0))
            }
        }
        await expectMessage("linear: x [2, 3], weight [4, 32]") {
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let weight = QuantisedWeight(Weight(shapeOnly: [4, 32]), format: .q4)
                _ = linear(Tensor([2, 3], repeating: 0), weight)
            }
        }
        await expectMessage("QuantisedWeight: [4, 33]") {
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = QuantisedWeight(Weight(shapeOnly: [4, 33]), format: .q8_0)
            }
        }
        await expectMessage("conv2d: x [1, 4, 4, 3], weight [8, 3, 3, 2]") {
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = conv2d(
                    Tensor([1, 4, 4, 3], repeating: 0), Weight(shapeOnly: [8, 3, 3, 2]), bias: nil)
            }
        }
        await expectMessage("attention: query [1, 2, 6], key [1, 3, 8], value [1, 3, 8]") {
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let key = Tensor([1, 3, 8], repeating: 0)
                _ = attention(
                    query: Tensor([1, 2, 6], repeating: 0), key: key, value: key, heads: 2)
            }
        }
    }

    @Test func shapesOfSumsAndRows() async {
        await expectMessage("+: [2, 3] and [2]") {
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Tensor([2, 3], repeating: 0) + Tensor([2], repeating: 0)
            }
        }
        await expectMessage("embedding: row 7 of table [7, 2]") {
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = embedding([0, 7], Weight(shapeOnly: [7, 2]))
            }
        }
    }

    /// Release builds stop without a message.
    private func expectMessage(
        _ message: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ run: () async -> ExitTest.Result?
    ) async {
        guard let result = await run() else { return }
        #if DEBUG
            let text = String(decoding: result.standardErrorContent, as: UTF8.self)
            #expect(text.contains(message), sourceLocation: sourceLocation)
        #endif
    }
}
