import Layers
import Tensors

extension ExerciseMaker {
    func make(_ kernel: BenchmarkKernel, in type: WeightType) throws -> Exercise {
        let parameters = Parameters(RandomParameters(type))
        let call: () -> Void
        switch kernel {
        case .product(let rows, let outputs, let inputs):
            let layer = try Linear(parameters, inputs, outputs, bias: false)
            let x = normal([1, rows, inputs])
            call = { _ = layer(x) }
        case .convolution(let batch, let height, let width, let inputs, let outputs):
            let layer = try Conv2d(parameters, inputs, outputs, kernel: 3, padding: 1)
            let x = normal([batch, height, width, inputs])
            call = { _ = layer(x) }
        case .attention(let heads, let queries, let keys, let width):
            guard type == .f32 else {
                throw BenchmarkError("attention by itself is measured in f32, not \(type.rawValue)")
            }
            let query = normal([1, queries, heads * width])
            let (key, value) = (
                normal([1, keys, heads * width]), normal([1, keys, heads * width])
            )
            call = {
                _ = attention(
                    query: query, key: key, value: value, heads: heads, causalOffset: nil)
            }
        }
        return Exercise(
            work: kernel.work, items: 1, unit: "calls", type: type.rawValue, call: call)
    }
}
