import Stages
import Tensors

/// Repeats the mean of the vokens' states until the conditioning is full.
///
/// Settings: `input_width`, `length`, `width`.
struct EchoMapper: FeatureMapper {
    static let descriptor = StageDescriptor(.featureMapper, name: "echo", version: "1.0.0")

    let vokens = 8
    let inputWidth: Int
    let length: Int
    let width: Int

    init(_ context: StageContext) throws {
        inputWidth = try context.settings.integer(
            "input_width", default: EchoTokenizer.size, in: 1...65536)
        length = try context.settings.integer("length", default: 4, in: 1...4096)
        width = try context.settings.integer("width", default: 8, in: 1...65536)
        logMade(context)
    }

    func map(_ hidden: Tensor) -> Tensor {
        hidden.withSpan { hidden in
            Tensor([hidden.count / (vokens * inputWidth), length, width]) {
                (span: inout MutableSpan<Float>) in
                for index in span.indices {
                    let (sample, place) = index.quotientAndRemainder(dividingBy: length * width)
                    let first = sample * vokens * inputWidth + place % inputWidth
                    var sum: Float = 0
                    for voken in 0..<vokens { sum += hidden[first + voken * inputWidth] }
                    span[index] = sum / Float(vokens)
                }
            }
        }
    }
}
