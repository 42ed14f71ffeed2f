extension StageTemplate {
    static func imageEncoder(_ name: PluginName) -> StageTemplate {
        let type = name.module + "ImageEncoder"
        return StageTemplate(type: type, source: stageText(name, type), test: testText(name, type))
    }
}

private func stageText(_ name: PluginName, _ type: String) -> String {
    #"""
    import Stages
    import Tensors

    /// Describes a picture by the mean colours of its horizontal bands, one position a band.
    ///
    /// Settings: `image_size`, `positions`, `width`.
    struct \#(type): ImageEncoder {
        static let descriptor = StageDescriptor(
            .imageEncoder, name: "\#(name.text)", version: "1.0.0")

        let imageSize: Int
        let positions: Int
        let width: Int

        init(_ context: StageContext) throws {
            let settings = context.settings
            imageSize = try settings.integer("image_size", default: 8, in: 1...1024)
            positions = try settings.integer("positions", default: 2, in: 1...imageSize)
            width = try settings.integer("width", default: 8, in: 3...65536)
            // A model reads its weights here, from `context.requireModel().parameters`, and then
            // calls the folder's `requireAllRead()`.
        }

        /// `[B, S, S, 3]` to `[B, N, D]`. The model goes here: a vision transformer, say.
        func encode(_ pixels: Tensor) -> Tensor {
            let pictures = pixels.shape[0]
            let rows = imageSize / positions
            let share = 1 / Float(rows * imageSize)
            var means = [Float](repeating: 0, count: pictures * positions * width)
            pixels.withSpan { pixels in
                for picture in 0..<pictures {
                    for band in 0..<positions {
                        let mean = (picture * positions + band) * width
                        let start = (picture * imageSize + band * rows) * imageSize * 3
                        for index in 0..<rows * imageSize * 3 {
                            means[mean + index % 3] += pixels[start + index] * share
                        }
                    }
                }
            }
            return Tensor([pictures, positions, width], means)
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

        @Test func positionsAreTheColoursOfBands() throws {
            let settings = Settings(["image_size": .integer(2), "width": .integer(4)])
            let encoder = try \#(type)(StageContext(model: nil, settings: settings))
            let red: [Float] = [1, 0, 0, 1, 0, 0]
            let dark: [Float] = [0.5, 0.25, 0, 0, 0.25, 0.5]
            let positions = encoder.encode(Tensor([1, 2, 2, 3], red + dark))
            #expect(positions.shape == [1, 2, 4])
            #expect(positions.values == [1, 0, 0, 0, 0.25, 0.25, 0.25, 0])
        }
    }

    """#
}
