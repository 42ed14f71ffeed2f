import Stages
import Tensors

/// Spreads the bytes of a caption, in `0...1`, over the conditioning.
///
/// Settings: `length`, `width`.
struct EchoTextEncoder: TextEncoder {
    static let descriptor = StageDescriptor(.textEncoder, name: "echo", version: "1.0.0")

    let length: Int
    let width: Int

    init(_ context: StageContext) throws {
        length = try context.settings.integer("length", default: 4, in: 1...4096)
        width = try context.settings.integer("width", default: 8, in: 1...65536)
        logMade(context)
    }

    func encode(_ captions: [String]) -> Tensor {
        let size = length * width
        let features = captions.flatMap { caption in
            let bytes = caption.utf8.prefix(size).map { Float($0) / 255 }
            return bytes + [Float](repeating: 0, count: size - bytes.count)
        }
        return Tensor([captions.count, length, width], features)
    }
}
