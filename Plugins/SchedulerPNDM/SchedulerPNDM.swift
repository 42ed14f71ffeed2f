import Checkpoints
import Stages

/// Pseudo numerical methods for diffusion models (Liu et al. 2022, arXiv 2202.09778): the
/// scheduler of Stable Diffusion 2.1 and of MiniGPT-5.
///
/// Options, with diffusers' names and defaults: those of ``NoiseSchedule``, those of
/// ``TimestepPlan`` but for `timesteps` (its multistep formulas need equal strides), and
///
/// | key | default | |
/// | --- | --- | --- |
/// | `prediction_type` | `epsilon` | `epsilon`, `v_prediction` |
/// | `skip_prk_steps` | false | start without Runge-Kutta steps; true for Stable Diffusion |
///
/// N steps are N + 1 calls of the model without Runge-Kutta steps (one call for N = 1), and N + 9
/// with them.
struct SchedulerPNDM: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "pndm", version: "1.1.0")
    static let summary = SchedulerSummary(
        title: "PNDM (PLMS)", citation: "Liu et al. 2022, arXiv 2202.09778", order: 2,
        noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5, options: .stableDiffusion(["skip_prk_steps": true]),
            result: [
                -2.800885, 0.8231201, 0.1314063, -0.07177377, -3.009905, 0.5688969, -4.08344,
                2.165727,
            ]))

    private let schedule: NoiseSchedule
    private let prediction: PredictionType
    private let timesteps: TimestepPlan
    private let skipsRungeKutta: Bool

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        schedule = try NoiseSchedule(options, steps: .timesteps(alphaIsOneAtEnd: false))
        prediction = try options.choice(
            "prediction_type", default: .epsilon, among: [.epsilon, .velocity])
        timesteps = try TimestepPlan(options, schedule, allowsCustom: false)
        skipsRungeKutta = try options.boolean("skip_prk_steps", default: false)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        let timesteps = try timesteps.timesteps(steps: steps)
        let calls: [PNDMCall]
        if skipsRungeKutta {
            calls = PNDMCall.multistep(timesteps, stride: schedule.count / steps)
        } else {
            guard steps >= PNDMCall.fewestStepsWithRungeKutta else {
                throw SettingError(
                    key: "steps",
                    message: "\(steps) is under \(PNDMCall.fewestStepsWithRungeKutta), which "
                        + "PNDM's Runge-Kutta start takes; set skip_prk_steps for fewer")
            }
            calls = PNDMCall.rungeKuttaFirst(timesteps, stride: schedule.count / steps)
        }
        guard calls.allSatisfy({ max($0.from, $0.timestep, $0.to) < schedule.count }) else {
            throw SettingError(
                key: "steps", message: "\(steps) steps leave the training timesteps; take fewer")
        }
        return PNDMTrajectory(schedule: schedule, prediction: prediction, calls: calls)
    }
}
