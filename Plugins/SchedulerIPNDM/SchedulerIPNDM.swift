import Checkpoints
import Glibc
import Stages
import Tensors

/// PNDM without its start: linear multistep from the first step on, of order one to four by the
/// outputs there are (Crowson's "improved PNDM" for v-diffusion, after Liu et al. 2022, arXiv
/// 2202.09778, equation 12).
///
/// It has two lives. diffusers' class knows no betas: its noise levels are those of Crowson's
/// models, which predict v and are told times from 1 to 0. With `beta_schedule`, `beta_start` or
/// `beta_end` set, as in the configuration of every latent-diffusion model, it takes the model's
/// own levels instead, and the options of ``NoiseSchedule`` and ``TimestepPlan``,
/// `prediction_type` (`epsilon`) and `order` (1 to 4). Over a whole stride of those levels outputs
/// differ much, and the large weights of a high order blow that up: unless it is set, the order is
/// at most a quarter of the steps.
struct SchedulerIPNDM: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "ipndm", version: "1.0.0")
    static let summary = SchedulerSummary(
        title: "Improved PNDM", citation: "Liu et al. 2022, arXiv 2202.09778", order: 2,
        noise: .never,
        knownRun: SchedulerSummary.KnownRun(
            steps: 5, options: [:],
            result: [
                -0.6881669, 0.3203482, 0.05363909, -0.04314801, -0.7045898, 0.2375851, -0.7753545,
                0.5448663,
            ]))

    private enum Levels {
        case ofModel(NoiseSchedule, TimestepPlan, order: Int?)
        /// The noise of each level, if it was given.
        case ownTimes([Double]?)
    }

    private let levels: Levels
    private let prediction: PredictionType

    init(_ context: StageContext) throws {
        let options = SchedulerOptions(context)
        let keys = ["beta_schedule", "beta_start", "beta_end"]
        guard keys.contains(where: options.has) else {
            levels = .ownTimes(try options.numbers("trained_betas", in: 0...1, atMost: 100_001))
            prediction = .velocity
            _ = try options.integer("num_train_timesteps", default: 1000, in: 1...100_000)
            return
        }
        let schedule = try NoiseSchedule(options, steps: .timesteps(alphaIsOneAtEnd: true))
        let order = try options.integer("order", default: highestOrder, in: 1...highestOrder)
        levels = .ofModel(
            schedule, try TimestepPlan(options, schedule),
            order: options.has("order") ? order : nil)
        prediction = try options.choice("prediction_type", default: .epsilon)
    }

    func trajectory(steps: Int) throws -> any Trajectory {
        switch levels {
        case .ofModel(let schedule, let plan, let order):
            let visited = try plan.timesteps(steps: steps)
            try schedule.require(prediction, at: visited)
            return IPNDMTrajectory(
                timesteps: visited.map(Float.init),
                levels: (visited + [-1]).map { .preserving(alpha: schedule.alpha(at: $0)) },
                prediction: prediction, order: order ?? min(max(steps / 4, 1), highestOrder))
        case .ownTimes(let given):
            let levels = try Self.ownLevels(steps: steps, given)
            return IPNDMTrajectory(
                timesteps: levels.dropLast().map { Float(atan2($0.noise, $0.signal) / .pi * 2) },
                levels: levels, prediction: prediction, order: highestOrder)
        }
    }

    /// Crowson's levels: noise sin²(πt/2) at times t from 1 to 0.
    private static func ownLevels(
        steps: Int, _ given: [Double]?
    ) throws(SettingError) -> [NoiseLevel] {
        guard (1...100_000).contains(steps) else {
            throw SettingError(key: "steps", message: "\(steps) is outside 1...100000")
        }
        if let given, given.count != steps + 1 {
            throw SettingError(
                key: "steps",
                message: "trained_betas are for \(given.count - 1) steps, not \(steps)")
        }
        let noises =
            given
            ?? (0...steps).map { step in
                let sine = sin((1 - Double(step) / Double(steps)) * .pi / 2)
                return sine * sine
            }
        return noises.map { NoiseLevel(signal: (1 - $0 * $0).squareRoot(), noise: $0) }
    }
}

private let highestOrder = 4

/// One reverse process: remembers up to four predictions of the noise.
struct IPNDMTrajectory: Trajectory {
    let timesteps: [Float]
    /// One more than there are timesteps.
    let levels: [NoiseLevel]
    let prediction: PredictionType
    let order: Int
    let initialNoiseScale: Float = 1
    /// Newest first.
    private var noises: [Tensor] = []

    init(timesteps: [Float], levels: [NoiseLevel], prediction: PredictionType, order: Int) {
        self.timesteps = timesteps
        self.levels = levels
        self.prediction = prediction
        self.order = order
    }

    var sigmas: [Double] { levels.map { $0.noise / $0.signal } }

    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }

    /// x' = signal' · (x − noise · e) / signal + noise' · e, with e by ``AdamsBashforth``.
    mutating func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor {
        let (level, next) = (levels[call], levels[call + 1])
        noises = [level.epsilon(prediction)(sample, output)] + noises.prefix(order - 1)
        // Noise alone has no signal to divide by; there x − noise · e is zero as well.
        let ratio = next.signal / max(level.signal, 1e-8)
        let ofNoise = next.noise - ratio * level.noise
        return linearCombination(
            [(ratio, sample)]
                + zip(AdamsBashforth.weights(order: noises.count), noises).map {
                    ($0 * ofNoise, $1)
                })
    }
}
