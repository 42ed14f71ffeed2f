extension SigmaPlan {
    /// What differs between diffusers' families of algorithms.
    public struct Conventions: Sendable {
        /// What N steps are; with it goes from where to where shapes spread the levels: the rule
        /// of points takes the run's own first and last, the others all of the training
        /// schedule's. The inverse rule has neither `timesteps` nor `sigmas`.
        public var rule: TimestepSpacing.Rule
        public var spacing: TimestepSpacing = .linspace
        /// Those that can be chosen; where there is no choice, neither `timestep_spacing` nor
        /// `steps_offset` is read.
        public var spacings: [TimestepSpacing] = TimestepSpacing.allCases
        public var shapes: [SigmaShape] = [.karras, .exponential, .beta]
        public var end: End
        /// Whether the timesteps of shaped levels are rounded (true: Karras' and Lu's).
        public var roundsShaped: Bool
        /// Whether there is `lambda_min_clipped`.
        public var clipsLambda = false
        /// Whether there are `sigma_min` and `sigma_max`.
        public var hasRange = false
        /// Whether there is `interpolation_type`.
        public var interpolates = false

        public init(rule: TimestepSpacing.Rule, end: End, roundsShaped: Bool) {
            self.rule = rule
            self.end = end
            self.roundsShaped = roundsShaped
        }
    }

    /// Where the last step ends.
    public enum End: Sendable, Equatable {
        case zero
        /// As `final_sigmas_type` says: at zero (the default) or at the σ of timestep 0.
        case option
        /// The same, but after shaped levels `sigma_min` is the last of them.
        case optionOrLastShaped
        /// At the σ of timestep 0, or after shaped levels at the last of them.
        case smallest
        /// At the σ of the last timestep, or after shaped levels at the last of them.
        case largest
    }

    /// `final_sigmas_type`.
    public enum FinalSigma: String, Sendable, CaseIterable {
        case zero
        case smallest = "sigma_min"
    }
}
