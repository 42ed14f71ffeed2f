import Stages
import Tensors

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin("echo", [EchoMapper.self])
}

struct EchoMapper: FeatureMapper {
    static let descriptor = StageDescriptor(.featureMapper, name: "echo", version: "1.0.0")
    let vokens = 8
    let inputWidth: Int
    let length = 77
    let width = 8
    init(_ context: StageContext) throws {
        inputWidth = try context.settings.integer("input_width", default: 8)
    }
    func map(_ hidden: Tensor) -> Tensor { Tensor([hidden.shape[0], length, width], repeating: 0) }
}
