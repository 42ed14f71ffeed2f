extension StageTemplate {
    /// The template that shows how weights are read.
    static func featureMapper(_ name: PluginName) -> StageTemplate {
        let type = name.module + "FeatureMapper"
        return StageTemplate(type: type, source: stageText(name, type), test: testText(name, type))
    }
}

private func stageText(_ name: PluginName, _ type: String) -> String {
    #"""
    import Checkpoints
    import Layers
    import Stages
    import Tensors

    /// Gives every place of the conditioning the mean of the voken states, projected.
    ///
    /// Settings: `vokens`, `input_width`, `length`, `width`. Weights: `projection.weight`
    /// `[width, input_width]`, `projection.bias` `[width]`. Without a model folder the mean is
    /// repeated or cut to the width.
    struct \#(type): FeatureMapper {
        static let descriptor = StageDescriptor(
            .featureMapper, name: "\#(name.text)", version: "1.0.0")

        let vokens: Int
        let inputWidth: Int
        let length: Int
        let width: Int
        private let projection: Linear?

        init(_ context: StageContext) throws {
            let settings = context.settings
            vokens = try settings.integer("vokens", default: 8, in: 1...64)
            inputWidth = try settings.integer("input_width", default: 16, in: 1...65536)
            length = try settings.integer("length", default: 4, in: 1...4096)
            width = try settings.integer("width", default: 8, in: 1...65536)
            // A model that cannot do without weights calls `context.requireModel()`.
            if let model = context.model {
                projection = try Linear(model.parameters["projection"], inputWidth, width)
                try model.requireAllRead()
            } else {
                projection = nil
            }
        }

        func map(_ hidden: Tensor) -> Tensor {
            let samples = hidden.shape[0]
            let features = mean(hidden)
            let projected = projection?(features) ?? features
            let columns = projected.shape[1]
            return projected.withSpan { projected in
                Tensor([samples, length, width]) { (span: inout MutableSpan<Float>) in
                    for index in span.indices {
                        let sample = index / (length * width)
                        span[index] = projected[sample * columns + index % width % columns]
                    }
                }
            }
        }

        /// `[B, vokens, D]` to `[B, D]`.
        private func mean(_ hidden: Tensor) -> Tensor {
            hidden.withSpan { hidden in
                Tensor([hidden.count / (vokens * inputWidth), inputWidth]) {
                    (span: inout MutableSpan<Float>) in
                    for index in span.indices {
                        let (sample, column) = index.quotientAndRemainder(dividingBy: inputWidth)
                        let first = sample * vokens * inputWidth + column
                        let sum = (0..<vokens).reduce(Float(0)) {
                            $0 + hidden[first + $1 * inputWidth]
                        }
                        span[index] = sum / Float(vokens)
                    }
                }
            }
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

        @Test func repeatsTheMean() throws {
            let settings = Settings([
                "vokens": .integer(2), "input_width": .integer(2), "length": .integer(2),
                "width": .integer(3),
            ])
            let mapper = try \#(type)(StageContext(model: nil, settings: settings))
            let features = mapper.map(Tensor([1, 2, 2], [1, 10, 3, 30]))
            #expect(features.shape == [1, 2, 3])
            #expect(features.values == [2, 20, 2, 2, 20, 2])
        }

        @Test func asksForItsWeights() throws {
            let (model, recorder) = ModelFolder.recording(configuration: Settings([:]))
            _ = try \#(type)(StageContext(model: model))
            let names = recorder.parameters.map(\.name)
            #expect(names.sorted() == ["projection.bias", "projection.weight"])
        }
    }

    """#
}
