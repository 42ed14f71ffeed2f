import Tensors
import TestSupport
import Testing

@testable import Pipelines

/// Numbers from diffusers 0.42.1, `rescale_noise_cfg`, in double precision.
@Suite struct GuidanceTests {
    private let both = Tensor(
        [2, 1, 2, 3], [0.5, -1, 2, 0.25, -0.75, 1.5, 1, 0.5, -2, 0.75, 0.25, -1.25])

    @Test func withoutRescalingItGoesBeyondTheCondition() {
        let guided = Guidance(scale: 7.5)(both)
        #expect(guided.values == [4.25, 10.25, -28, 4, 6.75, -19.125])
    }

    @Test(arguments: [
        (0.7, [1.5026019, 3.6239222, -9.8994948, 1.4142135, 2.3864854, -6.7617085]),
        (1.0, [0.3251456, 0.7841746, -2.1421355, 0.3060194, 0.5164077, -1.4631551]),
    ])
    func rescalingIsThatOfDiffusers(_ rescale: Double, _ expected: [Double]) {
        let guided = Guidance(scale: 7.5, rescale: rescale)(both)
        #expect(guided.shape == [1, 1, 2, 3])
        expectClose(guided.values, expected.map(Float.init), relative: 1e-6)
    }

    /// There is no spread to scale by.
    @Test func anOutputWithoutSpreadStaysAsItIs() {
        let flat = Tensor([2, 1, 1, 3], [1, 1, 1, 2, 2, 2])
        #expect(Guidance(scale: 3, rescale: 1)(flat).values == [4, 4, 4])
    }
}
