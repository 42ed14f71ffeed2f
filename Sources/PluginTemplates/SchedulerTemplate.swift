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
    /// Options have diffusers' names: those of `NoiseSchedule` and `SigmaPlan`, and
    /// `prediction_type` (`epsilon`).
    struct \#(type): Scheduler {
        static let descriptor = StageDescriptor(
            .scheduler, name: "\#(name.text)", version: "1.0.0")
        static let summary = SchedulerSummary(
            title: "\#(name.text)", citation: "Karras et al. 2022, arXiv 2206.00364", order: 1,
            noise: .never)

        private let plan: SigmaPlan
        private let prediction: PredictionType

        init(_ context: StageContext) throws {
            let options = SchedulerOptions(context)
            let schedule = try NoiseSchedule(options, steps: .sigmas)
            plan = try SigmaPlan(
                options, schedule,
                SigmaPlan.Conventions(rule: .points, end: .zero, roundsShaped: false))
            prediction = try options.choice("prediction_type", default: .epsilon)
        }

        func trajectory(steps: Int) throws -> any Trajectory {
            let grid = try plan.grid(steps: steps)
            return \#(trajectory)(
                prediction: prediction, grid: grid,
                initialNoiseScale: Float(plan.initialNoiseScale(grid)))
        }
    }

    /// One reverse process, of samples x = x_0 + σ · ε.
    struct \#(trajectory): Trajectory {
        let prediction: PredictionType
        let grid: SigmaGrid
        let initialNoiseScale: Float

        var timesteps: [Float] { grid.timesteps.map(Float.init) }
        var sigmas: [Double] { grid.sigmas }

        func modelInput(_ sample: Tensor, call: Int) -> Tensor {
            level(call).modelInput(sample)
        }

        /// dx/dσ is the noise in x, so that x' = x + (σ' − σ) · ε.
        mutating func step(
            _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
        ) -> Tensor {
            let stride = sigmas[call + 1] - sigmas[call]
            let epsilon = level(call).epsilon(prediction)(sample, output)
            return linearCombination([(1, sample), (stride, epsilon)])
        }

        private func level(_ call: Int) -> NoiseLevel { .exploding(sigma: sigmas[call]) }
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
            let variance = 0.25

            func error(steps: Int) throws -> Double {
                var trajectory = try \#(type)(context).trajectory(steps: steps)
                var noise = TorchGenerator(seed: 1)
                let start = Double(trajectory.initialNoiseScale)
                var sample = Tensor([1, 1, 1, 1], repeating: Float(start))
                for call in trajectory.timesteps.indices {
                    let level = NoiseLevel.preserving(sigma: trajectory.sigmas[call])
                    let seen = Double(trajectory.modelInput(sample, call: call).values[0])
                    let spread = level.signal * level.signal * variance
                    let share = seen / (spread + level.noise * level.noise)
                    let (original, epsilon) = (level.signal * variance * share, level.noise * share)
                    let output =
                        switch prediction {
                        case .epsilon: epsilon
                        case .sample: original
                        case .velocity: level.signal * epsilon - level.noise * original
                        }
                    sample = trajectory.step(
                        sample, output: Tensor(sample.shape, repeating: Float(output)),
                        call: call, noise: &noise)
                }
                let sigma = trajectory.sigmas[0]
                let expected = start * (variance / (variance + sigma * sigma)).squareRoot()
                return abs(Double(sample.values[0]) - expected) / expected
            }

            let (few, many) = (try error(steps: 50), try error(steps: 100))
            #expect(many < 0.03)
            #expect((1.8...2.2).contains(few / many))
        }
    }

    """#
}
