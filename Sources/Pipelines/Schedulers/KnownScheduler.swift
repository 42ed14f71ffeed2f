import Checkpoints

/// A scheduler whose names are known, whether or not a plugin offers it.
struct KnownScheduler: Sendable {
    /// The stage's name.
    let stage: String
    /// diffusers' class, without `Scheduler`.
    let diffusers: String?
    /// What user interfaces call it.
    let labels: [String]
    /// Of other programs, and shorter or longer spellings.
    let others: [String]
    /// What any of its names says, whatever a model folder says.
    let implied: [String: SettingValue]
    /// Names for the stage with certain options.
    let presets: [Preset]

    struct Preset: Sendable {
        let name: String
        let options: [String: SettingValue]
    }

    init(
        _ stage: String, _ diffusers: String?, _ labels: [String] = [], others: [String] = [],
        implied: [String: SettingValue] = [:], presets: [(String, [String: SettingValue])] = []
    ) {
        self.stage = stage
        self.diffusers = diffusers
        self.labels = labels
        self.others = others
        self.implied = implied
        self.presets = presets.map { name, options in
            Preset(name: name, options: implied.merging(options) { _, own in own })
        }
    }

    /// All names but the stage's own, as people write them.
    var aliases: [String] {
        (diffusers.map { [$0 + "Scheduler"] } ?? []) + labels + presets.map(\.name)
    }

    static let all: [KnownScheduler] = [
        KnownScheduler("ddim", "DDIM", ["DDIM"], others: ["DDIMParallel"]),
        KnownScheduler("ddim_inverse", "DDIMInverse"),
        KnownScheduler("ddpm", "DDPM", ["DDPM"], others: ["DDPMParallel"]),
        KnownScheduler(
            "pndm", "PNDM", presets: [("PLMS", ["skip_prk_steps": true])]),
        KnownScheduler("ipndm", "IPNDM", ["IPNDM"]),
        KnownScheduler("lms", "LMSDiscrete", ["LMS"]),
        KnownScheduler("euler", "EulerDiscrete", ["Euler"]),
        KnownScheduler(
            "euler_a", "EulerAncestralDiscrete", ["Euler a"], others: ["euler_ancestral"]),
        KnownScheduler("heun", "HeunDiscrete", ["Heun"]),
        KnownScheduler("dpm2", "KDPM2Discrete", ["DPM2"], others: ["kdpm_2"]),
        KnownScheduler(
            "dpm2_a", "KDPM2AncestralDiscrete", ["DPM2 a"],
            others: ["dpm_2_ancestral", "kdpm_2_a", "kdpm_2_ancestral"]),
        KnownScheduler(
            "dpmpp_2m", "DPMSolverMultistep", ["DPM++ 2M"],
            presets: [("DPM++ 3M", ["solver_order": 3])]),
        KnownScheduler(
            "dpmpp_2m_sde", nil, ["DPM++ 2M SDE"],
            implied: ["algorithm_type": "sde-dpmsolver++"],
            presets: [("DPM++ 2M SDE Heun", ["solver_type": "heun"])]),
        KnownScheduler("dpmpp_2m_inverse", "DPMSolverMultistepInverse"),
        KnownScheduler("dpmpp_2s", "DPMSolverSinglestep", ["DPM++ 2S"]),
        KnownScheduler("dpmpp_sde", "DPMSolverSDE", ["DPM++ SDE"]),
        KnownScheduler(
            "dpmpp_2s_a", nil, ["DPM++ 2S a"], others: ["dpmpp_2s_ancestral"]),
        KnownScheduler("dpmpp_3m_sde", nil, ["DPM++ 3M SDE"]),
        KnownScheduler("deis", "DEISMultistep", ["DEIS"]),
        KnownScheduler("unipc", "UniPCMultistep", ["UniPC"], others: ["uni_pc_bh2"]),
        KnownScheduler("sa_solver", "SASolver", ["SA-Solver"]),
        KnownScheduler("lcm", "LCM", ["LCM"]),
        KnownScheduler("tcd", "TCD", ["TCD"]),
    ]

    /// By the letters and digits of each name: see ``SchedulerName/key(_:)``.
    static let named: [String: (stage: String, options: [String: SettingValue])] = {
        var named: [String: (stage: String, options: [String: SettingValue])] = [:]
        for known in all {
            let names =
                [known.stage] + (known.diffusers.map { [$0] } ?? []) + known.labels + known.others
            for name in names { named[SchedulerName.key(name)] = (known.stage, known.implied) }
            for preset in known.presets {
                named[SchedulerName.key(preset.name)] = (known.stage, preset.options)
            }
        }
        return named
    }()

    /// What a stage of this name is called elsewhere.
    static func aliases(of stage: String) -> [String] {
        all.first { $0.stage == stage }?.aliases ?? []
    }

    /// Those of ``aliases(of:)`` that stand for options too.
    static func presets(of stage: String) -> [String] {
        all.first { $0.stage == stage }?.presets.map(\.name) ?? []
    }
}
