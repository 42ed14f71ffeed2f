public import Checkpoints
import Glibc

/// The option `timesteps`: which training timesteps a run visits, descending.
public enum CustomTimesteps: Sendable, Equatable {
    case list([Int])
    /// The word `ays`.
    case alignYourSteps

    /// - Returns: `nil` if the option is not set.
    public init?(_ options: SchedulerOptions, of count: Int) throws(SettingError) {
        if options.isWord("timesteps", "ays") {
            self = .alignYourSteps
            return
        }
        guard
            let numbers = try options.numbers(
                "timesteps", in: 0...Double(count - 1), atMost: count)
        else { return nil }
        guard numbers.allSatisfy({ $0 == $0.rounded() }),
            zip(numbers, numbers.dropFirst()).allSatisfy({ $0 > $1 })
        else {
            throw options.error(
                "timesteps", "expected whole numbers, descending, or the word \"ays\"")
        }
        self = .list(numbers.map { Int($0) })
    }

    /// The timesteps of a run.
    public func timesteps(
        steps: Int, _ schedule: NoiseSchedule
    ) throws(SettingError) -> [Int] {
        switch self {
        case .list(let list):
            try requireCount(steps, list.count, "timesteps")
            return list
        case .alignYourSteps:
            return AlignYourSteps.timesteps(steps: steps, SigmaTable(schedule))
        }
    }
}

/// The timesteps that suit Stable Diffusion best in few steps (Sabour et al. 2024, arXiv
/// 2404.14507, and the authors' table).
public enum AlignYourSteps {
    /// Of ten steps.
    private static let published = [999, 850, 736, 645, 545, 455, 343, 233, 124, 24]
    /// Of ten steps: the levels visited, and then where the tenth step ends if not at 0.
    private static let sigmas = [
        14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029,
    ]

    /// Other numbers of steps than ten are between the published levels in proportion to log σ,
    /// as the authors advise.
    /// - Returns: descending; as many as steps.
    static func timesteps(steps: Int, _ table: SigmaTable) -> [Int] {
        let last = table.sigmas.count - 1
        guard steps != published.count || last != published[0] else { return published }
        let levels = evenly(from: 0, to: Double(sigmas.count - 1), count: steps + 1).dropLast()
            .map { place in
                let below = min(Int(place), sigmas.count - 2)
                let share = place - Double(below)
                return exp(log(sigmas[below]) * (1 - share) + log(sigmas[below + 1]) * share)
            }
        // Many steps may meet on one timestep: each is at least one below the last.
        var timesteps: [Int] = []
        for (index, level) in levels.enumerated() {
            let wanted = Int(table.timestep(of: level).rounded())
            let highest = (timesteps.last ?? last + 1) - 1
            timesteps.append(max(min(wanted, highest), steps - 1 - index))
        }
        return timesteps
    }
}
