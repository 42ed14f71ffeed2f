import Checkpoints
import Stages

/// The timesteps of a run of a model that was distilled from a teacher's DDIM steps: of the
/// teacher's timesteps as many as there are steps, evenly from the noisiest (Luo et al. 2023, arXiv
/// 2310.04378, algorithm 3).
///
/// Reads `original_inference_steps` and `timesteps`.
struct DistilledTimesteps {
    private let schedule: NoiseSchedule
    /// The teacher's steps.
    private let original: Int
    private let custom: CustomTimesteps?

    init(_ options: SchedulerOptions, _ schedule: NoiseSchedule) throws(SettingError) {
        self.schedule = schedule
        original = try options.integer(
            "original_inference_steps", default: 50, in: 1...schedule.count)
        custom = try CustomTimesteps(options, of: schedule.count)
    }

    /// Descending.
    func timesteps(steps: Int) throws(SettingError) -> [Int] {
        if let custom { return try custom.timesteps(steps: steps, schedule) }
        guard (1...original).contains(steps) else {
            throw SettingError(
                key: "steps",
                message: "\(steps) is outside 1...\(original), the steps that the model was "
                    + "distilled from (original_inference_steps)")
        }
        let stride = schedule.count / original
        return (0..<steps).map { step in
            let place = Int(Double(step) * (Double(original) / Double(steps)))
            return (original - place) * stride - 1
        }
    }
}
