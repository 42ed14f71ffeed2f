public import Checkpoints
import Glibc

/// From a scheduler's options to the noise levels of a run, for algorithms that step from σ to σ.
///
/// Reads the shapes of ``SigmaShape``, and where an algorithm has them `timestep_spacing`,
/// `steps_offset`, `timesteps`, `sigmas`, `final_sigmas_type`, `lambda_min_clipped`, `sigma_min`,
/// `sigma_max` and `interpolation_type`.
///
/// `timesteps` is a list of training timesteps, descending, or the word `ays` for those of
/// ``AlignYourSteps``; `sigmas` is a list of levels, descending, the last of which is where the
/// run ends and is not visited.
public struct SigmaPlan: Sendable {
    public let table: SigmaTable
    public let spacing: TimestepSpacing
    public let shape: SigmaShape?
    public let finalSigma: FinalSigma
    private let conventions: Conventions
    private let count: Int
    private let offset: Int
    private let custom: Custom?
    /// `lambda_min_clipped` as a timestep: those from here on are left out.
    private let last: Int
    private let range: (smallest: Double?, largest: Double?)
    private let interpolation: Interpolation

    /// `interpolation_type`: where the levels of timesteps come from.
    private enum Interpolation: String, CaseIterable {
        /// From the timesteps.
        case linear
        /// From none: equal steps of log σ over the whole training schedule, whatever timesteps
        /// the model is told. The last step ends at the σ of timestep 0.
        case logLinear = "log_linear"
    }

    private enum Custom {
        case timesteps([Double])
        case sigmas([Double])
        case alignYourSteps
    }

    public init(
        _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ conventions: Conventions
    ) throws(SettingError) {
        self.conventions = conventions
        table = SigmaTable(schedule)
        count = schedule.count
        if conventions.spacings.isEmpty {
            (spacing, offset) = (conventions.spacing, 0)
        } else {
            spacing = try options.choice(
                "timestep_spacing", default: conventions.spacing, among: conventions.spacings)
            offset = try options.integer("steps_offset", default: 0, in: 0...schedule.count)
        }
        shape = try SigmaShape.read(options, among: conventions.shapes)
        finalSigma =
            switch conventions.end {
            case .zero: .zero
            case .smallest, .largest: .smallest
            case .option, .optionOrLastShaped:
                try options.choice("final_sigmas_type", default: .zero)
            }
        custom = conventions.rule == .inverse ? nil : try Self.custom(options, schedule, shape)
        last = conventions.clipsLambda ? try Self.clipped(options, schedule) : schedule.count
        range = conventions.hasRange ? try Self.range(options) : (nil, nil)
        interpolation =
            conventions.interpolates
            ? try options.choice("interpolation_type", default: .linear) : .linear
    }

    /// `init_noise_sigma` of the algorithms whose samples are x_0 + σ · ε: what the initial noise
    /// is multiplied by.
    public func initialNoiseScale(_ grid: SigmaGrid) -> Double {
        let largest = grid.sigmas.max() ?? 1
        return spacing == .leading ? (largest * largest + 1).squareRoot() : largest
    }

    /// Whether runs end at a sample without noise.
    public var endsAtZero: Bool {
        if case .sigmas(let sigmas) = custom { return sigmas.last == 0 }
        return finalSigma == .zero
    }

    /// What diffusers' list of σ goes on with after the end of a run, and no step reaches.
    public var unreached: [Double] {
        interpolation == .logLinear && shape == nil && custom == nil ? [end()] : []
    }

    /// The levels of a run, each visited once; the last step may stay where it is.
    public func grid(steps: Int) throws(SettingError) -> SigmaGrid {
        let grid = try unchecked(steps: steps)
        let visited = grid.sigmas.dropLast()
        guard zip(visited, visited.dropFirst()).allSatisfy({ $0 != $1 }) else {
            throw SettingError(
                key: "steps", message: "\(steps) steps visit one noise level twice; take fewer")
        }
        return grid
    }

    private func unchecked(steps: Int) throws(SettingError) -> SigmaGrid {
        if let custom { return try grid(steps, custom) }
        let positions = try spacing.positions(
            steps: steps, of: count, offset: offset, rule: conventions.rule,
            last: conventions.rule == .points ? nil : last)
        guard let shape else { return grid(at: positions) }
        var (first, final) = (table.largest, table.smallest)
        switch conventions.rule {
        case .points where interpolation == .linear:
            first = table.sigma(at: positions[0])
            final = table.sigma(at: positions[positions.count - 1])
        case .points, .intervals: break
        case .inverse: swap(&first, &final)
        }
        let (from, to) = (range.largest ?? first, range.smallest ?? final)
        guard conventions.rule == .inverse || from >= to else {
            throw SettingError(
                key: "sigma_min, sigma_max",
                message: "the levels would rise, from \(from) to \(to); set both or neither")
        }
        let sigmas = shape.sigmas(from: from, to: to, count: steps)
        return SigmaGrid(
            timesteps: sigmas.map { shapedTimestep($0, shape) },
            sigmas: sigmas + [end(afterShaped: sigmas[sigmas.count - 1])])
    }

    /// Levels that no shape is asked for.
    private func grid(at timesteps: [Double]) -> SigmaGrid {
        let sigmas =
            switch interpolation {
            case .linear: timesteps.map(table.sigma) + [end()]
            case .logLinear:
                SigmaShape.exponential.sigmas(
                    from: table.largest, to: table.smallest, count: timesteps.count + 1)
            }
        return SigmaGrid(timesteps: timesteps, sigmas: sigmas)
    }

    private func shapedTimestep(_ sigma: Double, _ shape: SigmaShape) -> Double {
        let timestep = table.timestep(of: sigma)
        if conventions.roundsShaped, shape == .karras || shape == .lu {
            return timestep.rounded(.toNearestOrEven)
        }
        if conventions.rule == .points { return timestep }
        // Models of these algorithms are told whole timesteps; diffusers cuts what is left. The
        // ends of the table are levels of whole timesteps, whatever their last bit says.
        let nearest = timestep.rounded()
        return abs(timestep - nearest) < 1e-6 ? nearest : timestep.rounded(.down)
    }

    private func end(afterShaped shaped: Double? = nil) -> Double {
        if finalSigma == .zero { return 0 }
        switch conventions.end {
        case .optionOrLastShaped, .smallest: return shaped ?? table.smallest
        case .largest: return shaped ?? table.sigmas[last - 1]
        case .zero, .option: return table.smallest
        }
    }

    private func grid(_ steps: Int, _ custom: Custom) throws(SettingError) -> SigmaGrid {
        switch custom {
        case .timesteps(let timesteps):
            try requireCount(steps, timesteps.count, "timesteps")
            return grid(at: timesteps)
        case .alignYourSteps:
            return grid(at: AlignYourSteps.timesteps(steps: steps, table).map(Double.init))
        case .sigmas(let sigmas):
            try requireCount(steps, sigmas.count - 1, "sigmas")
            let timesteps = sigmas.dropLast().map { sigma in
                let timestep = table.timestep(of: sigma)
                return conventions.rule == .intervals
                    ? timestep.rounded(.toNearestOrEven) : timestep
            }
            return SigmaGrid(timesteps: timesteps, sigmas: sigmas)
        }
    }
}

/// A list is of one length, and so many steps are taken.
func requireCount(_ steps: Int, _ count: Int, _ key: String) throws(SettingError) {
    guard steps == count else {
        throw SettingError(
            key: "steps", message: "\(key) lists \(count) steps, not \(steps); ask for \(count)")
    }
}

// What users list.
extension SigmaPlan {
    private static func custom(
        _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ shape: SigmaShape?
    ) throws(SettingError) -> Custom? {
        let timesteps: CustomTimesteps? = try CustomTimesteps(options, of: schedule.count)
        let sigmas = try options.numbers("sigmas", in: 0...1e6, atMost: schedule.count + 1)
        let key = timesteps != nil ? "timesteps" : "sigmas"
        guard timesteps != nil || sigmas != nil else { return nil }
        guard timesteps == nil || sigmas == nil else {
            throw options.error("sigmas", "timesteps is set as well; one says it all: unset one")
        }
        if let shape {
            throw options.error(
                key, "\(shape.rawValue) is set as well, which makes sigmas; unset one")
        }
        switch timesteps {
        case .alignYourSteps: return .alignYourSteps
        case .list(let list): return .timesteps(list.map(Double.init))
        case nil: break
        }
        guard let sigmas, sigmas.count >= 2,
            zip(sigmas, sigmas.dropFirst()).allSatisfy({ $0 > $1 })
        else { throw options.error("sigmas", "expected at least two, descending") }
        return .sigmas(sigmas)
    }

    /// The timesteps that are not cleaner than λ: `numpy.searchsorted` from the noisy end.
    private static func clipped(
        _ options: SchedulerOptions, _ schedule: NoiseSchedule
    ) throws(SettingError) -> Int {
        let least = try options.number(
            "lambda_min_clipped", default: -.infinity, in: -.infinity...50)
        let noisier = schedule.alphas.reversed().prefix {
            NoiseLevel.preserving(alpha: $0).lambda < least
        }
        guard noisier.count < schedule.count else {
            throw options.error("lambda_min_clipped", "\(least) leaves no timesteps; take less")
        }
        return schedule.count - noisier.count
    }

    private static func range(
        _ options: SchedulerOptions
    ) throws(SettingError) -> (smallest: Double?, largest: Double?) {
        let bounds = 1e-6...1e6
        let smallest =
            options.has("sigma_min")
            ? try options.number("sigma_min", default: 0, in: bounds) : nil
        let largest =
            options.has("sigma_max")
            ? try options.number("sigma_max", default: 0, in: bounds) : nil
        return (smallest, largest)
    }
}
