import Layers
import Tensors

extension ExerciseMaker {
    func make(_ kernel: BenchmarkKernel, in type: WeightType) throws -> Exercise {
        let parameters = Parameters(RandomParameters(type))
        let call: () -> Tensor
        switch kernel {
        case .product(let rows, let outputs, let inputs):
            let layer = try Linear(parameters, inputs, outputs, bias: false)
            let x = normal([1, rows, inputs])
            call = { layer(x) }
        case .convolution(let batch, let height, let width, let inputs, let outputs):
            let layer = try Conv2d(parameters, inputs, outputs, kernel: 3, padding: 1)
            let x = normal([batch, height, width, inputs])
            call = { layer(x) }
        case .attention(let heads, let queries, let keys, let width):
            let query = normal([1, queries, heads * width])
            let (key, value) = (
                normal([1, keys, heads * width]), normal([1, keys, heads * width])
            )
            call = {
                attention(
                    query: query, key: key, value: value, heads: heads,
                    arithmetic: type == .bf16 ? .bfloat16 : .float32)
            }
        }
        return Exercise(
            work: kernel.work, items: 1, unit: "calls", type: type.rawValue
        ) { _ = steps.run("operation", call) }
    }
}
