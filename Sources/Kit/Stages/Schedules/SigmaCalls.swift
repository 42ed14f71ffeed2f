public import Checkpoints
public import Tensors

/// The calls of the model in a run whose samples are x_0 + σ · ε.
public struct SigmaCalls: Sendable {
    /// From where to where the steps go.
    public let grid: SigmaGrid
    public let timesteps: [Float]
    /// One for each call, and then where the last step ends. An algorithm that calls the model
    /// within a step too lists there where the step ends, as diffusers does.
    public let sigmas: [Double]
    public let initialNoiseScale: Float
    private let levels: [NoiseLevel]

    /// A level that a step goes through.
    public struct Middle: Sendable {
        public let sigma: Double
        public let timestep: Double

        public init(sigma: Double, timestep: Double) {
            self.sigma = sigma
            self.timestep = timestep
        }
    }

    /// - Parameters:
    ///   - middles: where the model is called a second time in each step but the last: N steps are
    ///     then 2N − 1 calls, of which 2k and 2k + 1 are of step k. With none, N calls.
    ///   - initialNoiseScale: see ``SigmaPlan/initialNoiseScale(_:)``.
    public init(_ grid: SigmaGrid, through middles: [Middle] = [], initialNoiseScale: Double) {
        precondition(middles.isEmpty || middles.count == grid.count - 1, "steps without a middle")
        self.grid = grid
        self.initialNoiseScale = Float(initialNoiseScale)
        var (timesteps, levels, sigmas): ([Double], [Double], [Double]) = ([], [], [])
        for step in 0..<grid.count {
            timesteps.append(grid.timesteps[step])
            levels.append(grid.sigmas[step])
            sigmas.append(grid.sigmas[step])
            guard step < middles.count else { continue }
            timesteps.append(middles[step].timestep)
            levels.append(middles[step].sigma)
            sigmas.append(grid.sigmas[step + 1])
        }
        self.timesteps = timesteps.map { Float($0) }
        self.levels = levels.map { .exploding(sigma: $0) }
        self.sigmas = sigmas + [grid.sigmas[grid.count]]
    }

    /// Of the sample at a call.
    public func level(_ call: Int) -> NoiseLevel { levels[call] }
}

extension SigmaPlan {
    /// One call a step; with a middle two, but for the last step.
    /// - Parameter middle: from where a step begins and ends to the level in between, of whose
    ///   timestep the model is told.
    public func calls(
        steps: Int, through middle: ((_ from: Double, _ to: Double) -> Double)? = nil
    ) throws(SettingError) -> SigmaCalls {
        let grid = try grid(steps: steps)
        var middles: [SigmaCalls.Middle] = []
        if let middle {
            middles = zip(grid.sigmas, grid.sigmas.dropFirst()).dropLast().map { from, to in
                let sigma = middle(from, to)
                return SigmaCalls.Middle(sigma: sigma, timestep: table.timestep(of: sigma))
            }
        }
        return SigmaCalls(grid, through: middles, initialNoiseScale: initialNoiseScale(grid))
    }
}

/// A trajectory whose samples are x_0 + σ · ε, of a model that was trained on samples of preserved
/// variance.
public protocol SigmaTrajectory: Trajectory {
    var calls: SigmaCalls { get }
}

extension SigmaTrajectory {
    public var timesteps: [Float] { calls.timesteps }
    public var sigmas: [Double] { calls.sigmas }
    public var initialNoiseScale: Float { calls.initialNoiseScale }

    public func modelInput(_ sample: Tensor, call: Int) -> Tensor {
        calls.level(call).modelInput(sample)
    }
}
