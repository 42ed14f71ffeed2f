import Tensors
import TestSupport
import Testing

@testable import Pipelines

@Suite struct ImageTaskTests {
    /// Echo's UNet predicts the sample plus the mean of the conditioning, of which its scheduler
    /// takes away a half at each of two steps: a quarter of the noise is left.
    private func decoded(
        _ generation: Generation, voken: Float, guidance: Double
    ) throws -> (Tensor, calls: Int) {
        let drawing = Drawing(
            steps: 2, guidance: Guidance(scale: guidance), scheduler: generation.ownScheduler)
        let features = Tensor(
            [1, 8, generation.featureMapper.inputWidth], repeating: voken)
        var task = try ImageTask(generation, features: features, drawing, seed: 42)
        var calls = 0
        while true {
            let call = StageCall(generation: generation, works: [try task.work()])
            switch try task.take(call.answers(StageMeter())[0].get()) {
            case nil: #expect(calls == 0)
            case .began: #expect(calls == 0)
            case .called(let count): calls = count
            case .decoded(let pixels): return (pixels, calls)
            }
        }
    }

    /// The first three channels of the initial noise, each element as a square of two by two
    /// pixels: drawn channel by channel, as torch does.
    private func noise(_ generation: Generation, plus shift: Float) -> Tensor {
        let side = generation.unet.sampleSize
        var generator = TorchGenerator(seed: 42)
        let drawn = generator.normal(generation.unet.latentChannels * side * side)
        var pixels: [Float] = []
        for row in 0..<side * 2 {
            for column in 0..<side * 2 {
                for channel in 0..<3 {
                    let element = drawn[(channel * side + row / 2) * side + column / 2]
                    pixels.append(element / 4 + shift)
                }
            }
        }
        return Tensor([side * 2, side * 2, 3], pixels)
    }

    @Test func noiseIsTorchsAndGuidanceOneIsTheConditionAlone() throws {
        let generation = try echoGeneration()
        let (pixels, calls) = try decoded(generation, voken: 0.2, guidance: 1)
        #expect(calls == 2)
        expectClose(pixels, noise(generation, plus: -0.75 * 0.2), relative: 1e-6)
    }

    @Test func guidanceGoesBeyondTheCondition() throws {
        let generation = try echoGeneration()
        let (pixels, _) = try decoded(generation, voken: 0.2, guidance: 3)
        expectClose(pixels, noise(generation, plus: -0.75 * 0.6), relative: 1e-6)
        let (unconditional, _) = try decoded(generation, voken: 0.2, guidance: 0)
        expectClose(unconditional, noise(generation, plus: 0), relative: 1e-6)
    }

    @Test func aPictureIsClampedAndRoundedToEven() {
        func bytes(_ values: [Float]) -> [Float] {
            Picture(decoded: Tensor([1, 1, 3], values)).encoderInput(side: 1).values
                .map { $0 * 255 }
        }
        expectClose(bytes([-2, -1, 2]), [0, 0, 255])
        // 0 is 127.5, halfway to the even 128; 0.5 is 191.25.
        expectClose(bytes([0, 0.5, 1]), [128, 191, 255])
    }
}
