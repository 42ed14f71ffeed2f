extension StageTemplate {
    /// A real sampler: small, deterministic, of first order.
    static func scheduler(_ name: PluginName) -> StageTemplate {
        let type = name.module + "Scheduler"
        let trajectory = name.module + "Trajectory"
        return StageTemplate(
            type: type, source: stageText(name, type, trajectory), test: testText(name, type))
    }
}

private func stageText(_ name: PluginName, _ type: String, _ trajectory: String) -> String {
    #"""
    import Stages
    import Tensors

    /// Euler steps between noise levels: Algorithm 2 of Karras et al. 2022 (arXiv 2206.00364)
    /// without churn and without its correction of second order.
    ///
    /// Options have diffusers' names: those of `NoiseSchedule`, `prediction_type` (`epsilon`),
    /// `timestep_spacing` (`leading`) and `steps_offset` (0; 1 for Stable Diffusion).
    struct \#(type): Scheduler {
        static let descriptor = StageDescriptor(
            .scheduler, name: "\#(name.text)", version: "1.0.0")

        private let schedule: NoiseSchedule
        private let prediction: PredictionType
        private let spacing: TimestepSpacing
        private let offset: Int

        init(_ context: StageContext) throws {
            let options = SchedulerOptions(context)
            schedule = try NoiseSchedule(options, alphaIsOneAtEnd: true)
            prediction = try options.choice("prediction_type", default: .epsilon)
            spacing = try options.choice("timestep_spacing", default: .leading)
            offset = try options.integer("steps_offset", default: 0, in: 0...schedule.count)
            try options.requireAbsent("trained_betas")
        }

        func trajectory(steps: Int) throws -> any Trajectory {
            let timesteps = try spacing.timesteps(steps: steps, of: schedule.count, offset: offset)
            let sigmas = (timesteps + [-1]).map { timestep in
                let alpha = schedule.alpha(at: timestep)
                return ((1 - alpha) / alpha).squareRoot()
            }
            return \#(trajectory)(
                prediction: prediction, timesteps: timesteps.map(Float.init), sigmas: sigmas)
        }
    }

    /// One reverse process, of samples x = x_0 + σ · ε.
    struct \#(trajectory): Trajectory {
        let prediction: PredictionType
        let timesteps: [Float]
        /// σ at each call of the model, then where the last step ends.
        let sigmas: [Double]

        var initialNoiseScale: Float { Float(1 / modelScale(0)) }

        /// The model knows samples as √ᾱ · x_0 + √(1 − ᾱ) · ε.
        func modelInput(_ sample: Tensor, call: Int) -> Tensor {
            sample.scaled(by: Float(modelScale(call)))
        }

        /// dx/dσ is the noise in x, so that x' = x + (σ' − σ) · ε.
        mutating func step(
            _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
        ) -> Tensor {
            let stride = sigmas[call + 1] - sigmas[call]
            let epsilon = epsilon(call)
            return linearCombination([
                (Float(1 + stride * epsilon.sample), sample),
                (Float(stride * epsilon.output), output),
            ])
        }

        /// √ᾱ.
        private func modelScale(_ call: Int) -> Double {
            1 / (1 + sigmas[call] * sigmas[call]).squareRoot()
        }

        /// ε as a combination of the sample and the model's output.
        private func epsilon(_ call: Int) -> (sample: Double, output: Double) {
            let (sigma, scale) = (sigmas[call], modelScale(call))
            switch prediction {
            case .epsilon: return (0, 1)
            case .sample: return (1 / sigma, -1 / sigma)
            case .velocity: return (sigma * scale * scale, scale)
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

        /// If data are normal with deviation s, the noise that is expected in a sample has a
        /// closed form, and so has the way of every sample: its distance from 0 shrinks as the
        /// deviation of x does, √(s² + σ²). An algorithm of first order halves its error when
        /// it takes twice the steps.
        @Test(arguments: PredictionType.allCases)
        func followsTheWayOfNormalData(_ prediction: PredictionType) throws {
            let settings = Settings(["prediction_type": .string(prediction.rawValue)])
            let context = StageContext(model: nil, settings: settings)
            let alphas = try NoiseSchedule(
                SchedulerOptions(context), alphaIsOneAtEnd: true
            ).alphas
            let deviation = 0.5

            func error(steps: Int) throws -> Double {
                var trajectory = try \#(type)(context).trajectory(steps: steps)
                var noise = TorchGenerator(seed: 1)
                let start = Double(trajectory.initialNoiseScale)
                var sample = Tensor([1, 1, 1, 1], repeating: Float(start))
                for (call, timestep) in trajectory.timesteps.enumerated() {
                    let alpha = alphas[Int(timestep)]
                    let seen = Double(trajectory.modelInput(sample, call: call).values[0])
                    let variance = alpha * deviation * deviation + 1 - alpha
                    let epsilon = (1 - alpha).squareRoot() * seen / variance
                    let original = alpha.squareRoot() * deviation * deviation * seen / variance
                    let output =
                        switch prediction {
                        case .epsilon: epsilon
                        case .sample: original
                        case .velocity:
                            alpha.squareRoot() * epsilon - (1 - alpha).squareRoot() * original
                        }
                    sample = trajectory.step(
                        sample, output: Tensor(sample.shape, repeating: Float(output)),
                        call: call, noise: &noise)
                }
                let sigma = (start * start - 1).squareRoot()
                let expected =
                    start * deviation / (deviation * deviation + sigma * sigma).squareRoot()
                return abs(Double(sample.values[0]) - expected) / expected
            }

            let (few, many) = (try error(steps: 50), try error(steps: 100))
            #expect(many < 0.03)
            #expect((1.8...2.2).contains(few / many))
        }
    }

    """#
}
