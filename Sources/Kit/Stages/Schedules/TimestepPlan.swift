public import Checkpoints

/// From a scheduler's options to the timesteps of a run, for algorithms that step between whole
/// training timesteps.
///
/// Reads `timestep_spacing`, `steps_offset` and `timesteps` (see ``CustomTimesteps``).
public struct TimestepPlan: Sendable {
    private let schedule: NoiseSchedule
    private let spacing: TimestepSpacing
    private let offset: Int
    private let custom: CustomTimesteps?

    /// - Parameter allowsCustom: whether the algorithm can take timesteps of any distances.
    public init(
        _ options: SchedulerOptions, _ schedule: NoiseSchedule,
        among spacings: [TimestepSpacing] = TimestepSpacing.allCases, allowsCustom: Bool = true
    ) throws(SettingError) {
        self.schedule = schedule
        spacing = try options.choice("timestep_spacing", default: .leading, among: spacings)
        offset = try options.integer("steps_offset", default: 0, in: 0...schedule.count)
        custom = allowsCustom ? try CustomTimesteps(options, of: schedule.count) : nil
    }

    /// Whether somebody listed the timesteps.
    public var isCustom: Bool { custom != nil }

    /// The timesteps of a run, descending.
    public func timesteps(steps: Int) throws(SettingError) -> [Int] {
        if let custom { return try custom.timesteps(steps: steps, schedule) }
        return try spacing.timesteps(steps: steps, of: schedule.count, offset: offset)
    }
}

extension NoiseSchedule {
    /// Refuses timesteps from which x_0 cannot be told.
    public func require(
        _ prediction: PredictionType, at timesteps: [Int]
    ) throws(SettingError) {
        guard prediction != .epsilon || timesteps.allSatisfy({ alphas[$0] > 0 }) else {
            throw SettingError(
                key: "prediction_type",
                message: "epsilon says nothing of x_0 at a timestep that is noise alone, which "
                    + "rescale_betas_zero_snr makes of the last one; use leading spacing")
        }
    }
}
