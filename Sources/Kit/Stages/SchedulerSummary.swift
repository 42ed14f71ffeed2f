public import Checkpoints

/// What people are told of a scheduler before they choose it.
public struct SchedulerSummary: Sendable {
    /// When an algorithm draws noise besides the initial sample.
    public enum Noise: String, Sendable {
        case never
        /// With this option above zero.
        case optional
        case everyStep = "every step"
    }

    /// The algorithm's own name: `DPM-Solver++, multistep`.
    public let title: String
    /// Who published it: `Lu et al. 2022, arXiv 2211.01095`.
    public let citation: String
    /// The order of convergence with the default options: the error of N steps falls with
    /// N^-order. For an algorithm that draws noise that of its distribution (its weak order).
    public let order: Int
    public let noise: Noise
    public let knownRun: KnownRun?

    public init(
        title: String, citation: String, order: Int, noise: Noise, knownRun: KnownRun? = nil
    ) {
        self.title = title
        self.citation = citation
        self.order = order
        self.noise = noise
        self.knownRun = knownRun
    }
}

extension SchedulerSummary {
    /// A run with its numbers, from a reference implementation in double precision: a stage that
    /// does not repeat them does not serve.
    ///
    /// The initial sample is `initialNoiseScale` times `[1, 2, 2, 4]` of normal noise, drawn as for
    /// any sample from a generator of seed 0 that goes on with the noise of the steps. The model
    /// answers `sin(x) · (0.5 + timestep / 2000) + 0.1` to an input of x.
    public struct KnownRun: Sendable {
        public let steps: Int
        /// Of the stage's table.
        public let options: [String: SettingValue]
        /// The last sample's first numbers, in the order of its elements.
        public let result: [Double]

        public init(
            steps: Int, options: [String: SettingValue] = .stableDiffusion(), result: [Double]
        ) {
            self.steps = steps
            self.options = options
            self.result = result
        }
    }
}

extension Scheduler {
    public static var summary: SchedulerSummary {
        SchedulerSummary(title: descriptor.name, citation: "", order: 1, noise: .never)
    }
}

extension [String: SettingValue] {
    /// The betas of Stable Diffusion, and other options.
    public static func stableDiffusion(
        _ options: [String: SettingValue] = [:]
    ) -> [String: SettingValue] {
        let betas: [String: SettingValue] = [
            "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
        ]
        return betas.merging(options) { _, own in own }
    }
}
