extension StageTemplate {
    static func unet(_ name: PluginName) -> StageTemplate {
        let type = name.module + "UNet"
        return StageTemplate(type: type, source: stageText(name, type), test: testText(name, type))
    }
}

private func stageText(_ name: PluginName, _ type: String) -> String {
    #"""
    import Stages
    import Tensors

    /// Predicts that the latent is noise, shifted by the mean of the conditioning.
    ///
    /// Settings: `latent_channels`, `sample_size`, `conditioning_width`.
    struct \#(type): UNet {
        static let descriptor = StageDescriptor(
            .unet, name: "\#(name.text)", version: "1.0.0")

        let latentChannels: Int
        let sampleSize: Int
        let conditioningWidth: Int

        init(_ context: StageContext) throws {
            let settings = context.settings
            latentChannels = try settings.integer("latent_channels", default: 4, in: 1...64)
            sampleSize = try settings.integer("sample_size", default: 4, in: 1...256)
            conditioningWidth = try settings.integer(
                "conditioning_width", default: 8, in: 1...65536)
            // A model reads its weights here, from `context.requireModel().parameters`, and then
            // calls the folder's `requireAllRead()`.
        }

        /// `[B, H, W, channels]`, B timesteps and `[B, L, C]` to the shape of the latents. The
        /// model goes here; what it predicts is the scheduler's `prediction_type`.
        func predict(_ latents: Tensor, timesteps: [Float], conditioning: Tensor) -> Tensor {
            let share = conditioning.count / timesteps.count
            let means = conditioning.withSpan { span in
                timesteps.indices.map { sample in
                    (0..<share).reduce(Float(0)) { $0 + span[sample * share + $1] }
                        / Float(share)
                }
            }
            let size = latents.count / timesteps.count
            return latents.withSpan { elements in
                Tensor(latents.shape) { (span: inout MutableSpan<Float>) in
                    for index in span.indices {
                        span[index] = elements[index] + means[index / size]
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

        @Test func samplesKeepTheirConditioning() throws {
            let settings = Settings([
                "latent_channels": .integer(2), "conditioning_width": .integer(2),
            ])
            let unet = try \#(type)(StageContext(model: nil, settings: settings))
            let conditioning = Tensor([2, 1, 2], [1, 3, 10, 30])
            let predicted = unet.predict(
                Tensor([2, 1, 1, 2], [0, 1, 2, 3]), timesteps: [999, 0],
                conditioning: conditioning)
            #expect(predicted.shape == [2, 1, 1, 2])
            #expect(predicted.values == [2, 3, 22, 23])
        }
    }

    """#
}
