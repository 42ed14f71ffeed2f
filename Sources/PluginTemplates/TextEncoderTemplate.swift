extension StageTemplate {
    static func textEncoder(_ name: PluginName) -> StageTemplate {
        let type = name.module + "TextEncoder"
        return StageTemplate(type: type, source: stageText(name, type), test: testText(name, type))
    }
}

private func stageText(_ name: PluginName, _ type: String) -> String {
    #"""
    import Stages
    import Tensors

    /// Spreads the bytes of a caption, in `0...1`, over the conditioning.
    ///
    /// Settings: `length`, `width`.
    struct \#(type): TextEncoder {
        static let descriptor = StageDescriptor(
            .textEncoder, name: "\#(name.text)", version: "1.0.0")

        let length: Int
        let width: Int

        init(_ context: StageContext) throws {
            length = try context.settings.integer("length", default: 4, in: 1...4096)
            width = try context.settings.integer("width", default: 8, in: 1...65536)
            // A model reads its weights here, from `context.requireModel().parameters`, and then
            // calls the folder's `requireAllRead()`. Kit has CLIP's tokenizer.
        }

        /// To `[B, L, C]`. The model goes here.
        func encode(_ captions: [String]) -> Tensor {
            let size = length * width
            let features = captions.flatMap { caption in
                let bytes = caption.utf8.prefix(size).map { Float($0) / 255 }
                return bytes + [Float](repeating: 0, count: size - bytes.count)
            }
            return Tensor([captions.count, length, width], features)
        }
    }

    """#
}

private func testText(_ name: PluginName, _ type: String) -> String {
    #"""
    import Checkpoints
    import Stages
    import Tensors
    import Testing

    @testable import \#(name.module)

    @Suite struct \#(type)Tests {
        @Test func keepsItsProtocolsWord() throws {
            try StageChecks.run(\#(type)(StageContext(model: nil)))
        }

        @Test func bytesArePaddedAndCut() throws {
            let settings = Settings(["length": .integer(1), "width": .integer(2)])
            let encoder = try \#(type)(StageContext(model: nil, settings: settings))
            let features = encoder.encode(["3", "ffx"])
            #expect(features.shape == [2, 1, 2])
            #expect(features.values == [0.2, 0, 0.4, 0.4])
        }
    }

    """#
}
