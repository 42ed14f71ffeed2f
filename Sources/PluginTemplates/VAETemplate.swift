extension StageTemplate {
    static func vae(_ name: PluginName) -> StageTemplate {
        let type = name.module + "VAE"
        return StageTemplate(type: type, source: stageText(name, type), test: testText(name, type))
    }
}

private func stageText(_ name: PluginName, _ type: String) -> String {
    #"""
    import Stages
    import Tensors

    /// A latent element is a square of pixels in the colour of its first three channels.
    ///
    /// Settings: `latent_channels` (at least 3), `downsampling`.
    struct \#(type): VAE {
        static let descriptor = StageDescriptor(
            .vae, name: "\#(name.text)", version: "1.0.0")

        let latentChannels: Int
        let downsampling: Int

        init(_ context: StageContext) throws {
            let settings = context.settings
            latentChannels = try settings.integer("latent_channels", default: 4, in: 3...64)
            downsampling = try settings.integer("downsampling", default: 2, in: 1...64)
            // A model reads its weights here, from `context.requireModel().parameters`, and then
            // calls the folder's `requireAllRead()`.
        }

        /// `[B, H, W, channels]` to `[B, H·d, W·d, 3]`. The model's decoder goes here.
        func decode(_ latents: Tensor) -> Tensor {
            let (batch, height, width) = (
                latents.shape[0], latents.shape[1], latents.shape[2]
            )
            let side = downsampling
            return latents.withSpan { latents in
                Tensor([batch, height * side, width * side, 3]) {
                    (span: inout MutableSpan<Float>) in
                    for index in span.indices {
                        let channel = index % 3
                        let latent = latentElement(ofPixel: index / 3, width: width)
                        span[index] = latents[latent * latentChannels + channel]
                    }
                }
            }
        }

        /// `[B, H·d, W·d, 3]` to the posterior and its scale. The model's encoder goes here.
        func encode(_ pixels: Tensor) -> (mean: Tensor, logVariance: Tensor, scale: Float) {
            let side = downsampling
            let (batch, height, width) = (
                pixels.shape[0], pixels.shape[1] / side, pixels.shape[2] / side
            )
            let shape: Shape = [batch, height, width, latentChannels]
            var mean = [Float](repeating: 0, count: shape.count)
            let share = 1 / Float(side * side)
            pixels.withSpan { pixels in
                for index in pixels.indices {
                    let latent = latentElement(ofPixel: index / 3, width: width)
                    mean[latent * latentChannels + index % 3] += pixels[index] * share
                }
            }
            return (Tensor(shape, mean), Tensor(shape, repeating: -30), 1)
        }

        /// Rows of all samples are consecutive, in latents and in pixels.
        private func latentElement(ofPixel pixel: Int, width: Int) -> Int {
            let (row, column) = pixel.quotientAndRemainder(dividingBy: width * downsampling)
            return row / downsampling * width + column / downsampling
        }
    }

    """#
}

private func testText(_ name: PluginName, _ type: String) -> String {
    #"""
    import Stages
    import Tensors
    import Testing

    @testable import \#(name.module)

    @Suite struct \#(type)Tests {
        @Test func keepsItsProtocolsWord() throws {
            try StageChecks.run(\#(type)(StageContext(model: nil)))
        }

        @Test func encodesWhatItDecodes() throws {
            let vae = try \#(type)(StageContext(model: nil))
            let latents = Tensor([1, 1, 2, 4], [1, -1, 0.5, 0, 0.25, 0, -0.5, 0])
            let pixels = vae.decode(latents)
            #expect(pixels.shape == [1, 2, 4, 3])
            let row: [Float] = [1, -1, 0.5, 1, -1, 0.5, 0.25, 0, -0.5, 0.25, 0, -0.5]
            #expect(pixels.values == row + row)
            let (mean, _, scale) = vae.encode(pixels)
            #expect(mean.scaled(by: scale).values == latents.values)
        }
    }

    """#
}
