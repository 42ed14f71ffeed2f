import Checkpoints

/// What a scheduler's name may end in: how the noise levels of a run are chosen.
enum SchedulerSuffix: String, Sendable, CaseIterable {
    case karras
    case exponential
    case beta
    case lu
    /// Align Your Steps.
    case ays
    case leading
    case linspace
    case trailing

    /// What two suffixes of one name must not both say.
    enum Aspect: Sendable {
        case levels
        case timesteps
    }

    var aspects: Set<Aspect> {
        switch self {
        case .karras, .exponential, .beta, .lu: [.levels]
        case .ays: [.levels, .timesteps]
        case .leading, .linspace, .trailing: [.timesteps]
        }
    }

    /// The options of the algorithms that spread the levels themselves.
    static let shapes: [String] = [
        "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas",
    ]

    /// The option that it is short for.
    var option: (key: String, value: SettingValue) {
        switch self {
        case .karras: ("use_karras_sigmas", true)
        case .exponential: ("use_exponential_sigmas", true)
        case .beta: ("use_beta_sigmas", true)
        case .lu: ("use_lu_lambdas", true)
        case .ays: ("timesteps", "ays")
        case .leading, .linspace, .trailing: ("timestep_spacing", .string(rawValue))
        }
    }

    /// The options that would contradict it, and must be off.
    var excluded: [String] {
        aspects.contains(.levels) ? Self.shapes.filter { $0 != option.key } : []
    }

    /// The suffixes that a stage's options amount to, each aspect once.
    static func said(by options: [String: SettingValue]) -> [SchedulerSuffix] {
        var said: [SchedulerSuffix] = []
        for suffix in allCases where options[suffix.option.key] == suffix.option.value {
            guard suffix.excluded.allSatisfy({ options[$0] != true }),
                said.allSatisfy({ $0.aspects.isDisjoint(with: suffix.aspects) })
            else { continue }
            said.append(suffix)
        }
        return said
    }
}

extension SchedulerSuffix {
    /// The words of user interfaces, without blanks; `nil` for those that change nothing.
    static let words: [String: SchedulerSuffix?] = {
        var words: [String: SchedulerSuffix?] = [
            "k": .karras, "ka": .karras, "alignyoursteps": .ays,
            // k-diffusion's "simple" takes every n-th level from the noisy end, as trailing does.
            "sgmuniform": .trailing, "simple": .trailing,
            "uniform": nil, "normal": nil, "automatic": nil,
        ]
        for suffix in allCases { words[suffix.rawValue] = suffix }
        return words
    }()
    /// The most words that one of ``words`` is written in.
    static let mostWords = 3
}
