import Checkpoints
import Testing

@testable import Pipelines

/// What people call schedulers.
@Suite struct SchedulerNameTests {
    private static let drawsNoise: [String: SettingValue] = ["algorithm_type": "sde-dpmsolver++"]
    private static let byHeun = drawsNoise.merging(["solver_type": "heun"]) { $1 }

    /// Each with the canonical name, and the options that it does not say.
    private static let names: [(String, String, [String: SettingValue])] = [
        ("ddim", "ddim", [:]), ("DDIM", "ddim", [:]), ("DDIMScheduler", "ddim", [:]),
        ("ddimscheduler", "ddim", [:]), ("DDIM Scheduler", "ddim", [:]),
        ("ddim_trailing", "ddim+trailing", [:]), ("ddim+ays", "ddim+ays", [:]),
        ("DDIMInverseScheduler", "ddim_inverse", [:]), ("ddpm", "ddpm", [:]),
        ("pndm", "pndm", [:]), ("PNDMScheduler", "pndm", [:]),
        ("PLMS", "pndm", ["skip_prk_steps": true]),
        ("plms trailing", "pndm+trailing", ["skip_prk_steps": true]),
        ("IPNDM", "ipndm", [:]), ("LMS", "lms", [:]), ("LMS Karras", "lms+karras", [:]),
        ("lms_k", "lms+karras", [:]), ("LMSDiscreteScheduler", "lms", [:]),
        ("Euler", "euler", [:]), ("euler+trailing", "euler+trailing", [:]),
        ("EULER SGM UNIFORM", "euler+trailing", [:]), ("Euler Simple", "euler+trailing", [:]),
        ("Euler Beta", "euler+beta", [:]), ("Euler Automatic", "euler", [:]),
        ("Euler Align Your Steps", "euler+ays", [:]), ("k_euler", "euler", [:]),
        ("euler+karras+leading", "euler+karras+leading", [:]),
        ("euler+leading+karras", "euler+karras+leading", [:]),
        ("Euler a", "euler_a", [:]), ("euler_a", "euler_a", [:]), ("EULER  A", "euler_a", [:]),
        ("euler_ancestral", "euler_a", [:]), ("euler_a_k", "euler_a+karras", [:]),
        ("EulerAncestralDiscrete", "euler_a", [:]), ("Heun Normal", "heun", [:]),
        ("DPM2 Karras", "dpm2+karras", [:]), ("DPM2 a Karras", "dpm2_a+karras", [:]),
        ("k_dpm_2_a", "dpm2_a", [:]), ("kdpm_2_a_k", "dpm2_a+karras", [:]),
        ("KDPM2AncestralDiscreteScheduler", "dpm2_a", [:]), ("dpm_2_ancestral", "dpm2_a", [:]),
        ("dpmpp_2m", "dpmpp_2m", [:]), ("DPM++ 2M", "dpmpp_2m", [:]),
        ("dpm++2m", "dpmpp_2m", [:]), ("DPM++ 2M Karras", "dpmpp_2m+karras", [:]),
        ("dpmpp_2m+karras", "dpmpp_2m+karras", [:]), ("dpmpp_2m_k", "dpmpp_2m+karras", [:]),
        ("DPM++ 2M+karras", "dpmpp_2m+karras", [:]), ("k_dpmpp_2m_ka", "dpmpp_2m+karras", [:]),
        ("DPMSolverMultistepScheduler", "dpmpp_2m", [:]),
        ("DPMSolverMultistepScheduler+lu", "dpmpp_2m+lu", [:]),
        ("dpmpp_3m_k", "dpmpp_2m+karras", ["solver_order": 3]),
        ("DPM++ 2M SDE", "dpmpp_2m_sde", drawsNoise),
        ("DPM++ 2M SDE Exponential", "dpmpp_2m_sde+exponential", drawsNoise),
        ("DPM++ 2M SDE Heun", "dpmpp_2m_sde", byHeun),
        ("DPM++ 2M SDE Heun Karras", "dpmpp_2m_sde+karras", byHeun),
        ("DPMSolverMultistepInverseScheduler", "dpmpp_2m_inverse", [:]),
        ("DPM++ 2S", "dpmpp_2s", [:]), ("DPMSolverSinglestepScheduler", "dpmpp_2s", [:]),
        ("DPM++ 2S a", "dpmpp_2s_a", [:]), ("DPM++ 2S a Karras", "dpmpp_2s_a+karras", [:]),
        ("dpmpp_2s_ancestral", "dpmpp_2s_a", [:]), ("DPM++ SDE", "dpmpp_sde", [:]),
        ("DPMSolverSDEScheduler", "dpmpp_sde", [:]), ("DPM++ 3M SDE", "dpmpp_3m_sde", [:]),
        ("DEIS", "deis", [:]), ("DEISMultistepScheduler", "deis", [:]),
        ("UniPC", "unipc", [:]), ("uni_pc", "unipc", [:]), ("SA-Solver", "sa_solver", [:]),
        ("SASolverScheduler", "sa_solver", [:]), ("LCM", "lcm", [:]), ("TCD", "tcd", [:]),
        // Another author's stages.
        ("mine+karras", "mine+karras", [:]), ("My-Own+ays", "My-Own+ays", [:]),
    ]

    @Test(arguments: names)
    func isUnderstood(text: String, canonical: String, unsaid: [String: SettingValue]) throws {
        let name = try #require(SchedulerName(text))
        #expect(name.canonical == canonical)
        let said = SchedulerName.said(by: name.options)
        #expect(name.options.filter { !said.contains($0.key) } == unsaid)
        // The canonical name says the same.
        let again = try #require(SchedulerName(canonical))
        #expect(again.stage == name.stage)
        #expect(again.options.merging(unsaid) { $1 } == name.options)
    }

    @Test(arguments: [
        "", "echo", "mine", "restart", "DPM fast", "karras", "+karras", "+", "euler+", "euler++",
        "euler+karros", "euler+karras+beta", "euler Karras Beta", "euler+ays+trailing",
        "euler+karras+karras", "./euler", "/x/libeuler.so", "euler/karras", "scheduler", "k",
        "FlowMatchEulerDiscreteScheduler", String(repeating: "e", count: 100) + "+karras",
    ])
    func standsForItself(text: String) {
        #expect(SchedulerName(text) == nil)
    }

    @Test func everyNameOfTheTableIsItsOwn() {
        var seen: [String: String] = [:]
        for known in KnownScheduler.all {
            for name in [known.stage] + known.aliases + known.others {
                let other = seen.updateValue(name, forKey: SchedulerName.key(name))
                let isOwnSpelling = other.map { known.aliases.contains($0) || $0 == known.stage }
                #expect(isOwnSpelling ?? true, "\(name) and \(other ?? "")")
                #expect(SchedulerName(name)?.stage == known.stage, "\(name)")
            }
        }
        #expect(Set(KnownScheduler.all.map(\.stage)).count == KnownScheduler.all.count)
    }

    /// One shape at a time, whatever the model folder says.
    @Test func aShapeSwitchesTheOthersOff() throws {
        let name = try #require(SchedulerName("euler+exponential"))
        #expect(
            name.options == [
                "use_exponential_sigmas": true, "use_karras_sigmas": false,
                "use_beta_sigmas": false, "use_lu_lambdas": false,
            ])
        #expect(
            name.switchedOff == ["use_karras_sigmas", "use_beta_sigmas", "use_lu_lambdas"])
        let spaced = try #require(SchedulerName("euler+trailing"))
        #expect(spaced.options == ["timestep_spacing": "trailing"] && spaced.switchedOff.isEmpty)
        let ays = try #require(SchedulerName("euler+ays"))
        #expect(ays.options["timesteps"] == "ays" && ays.switchedOff.count == 4)
    }

    @Test func optionsHaveANameToo() {
        func canonical(_ options: [String: SettingValue]) -> String {
            SchedulerName.canonical(stage: "dpmpp_2m", options: options)
        }
        #expect(canonical([:]) == "dpmpp_2m")
        #expect(canonical(["use_karras_sigmas": true, "eta": 1]) == "dpmpp_2m+karras")
        #expect(canonical(["use_karras_sigmas": false]) == "dpmpp_2m")
        #expect(
            canonical(["timestep_spacing": "leading", "use_lu_lambdas": true])
                == "dpmpp_2m+lu+leading")
        #expect(canonical(["timesteps": "ays", "timestep_spacing": "leading"]) == "dpmpp_2m+ays")
        // What no name can say is left to the options.
        #expect(canonical(["use_karras_sigmas": true, "use_beta_sigmas": true]) == "dpmpp_2m")
        #expect(canonical(["timesteps": .array([999, 1])]) == "dpmpp_2m")
    }

    @Test(arguments: [
        ("euler+karros", "\"karros\" is no suffix; did you mean \"karras\"?"),
        ("euler+", "there are karras, exponential"),
        ("euler+karras+beta", "karras and beta exclude each other"),
        ("euler+ays+trailing", "ays and trailing exclude each other"),
        ("eular", "did you mean \"euler\"?"), ("eular+karras", "did you mean \"euler+karras\"?"),
        ("EulerDiscretScheduler", "did you mean \"EulerDiscreteScheduler\"?"),
        ("DPM++ 2N", "did you mean \"dpmpp_2m\"?"), ("mien+ays", "did you mean \"mine+ays\"?"),
        ("Heun", "it is a name of heun, which no plugin offers"),
        ("something else", "there are euler, dpmpp_2m, mine"),
    ])
    func hintsAtTheNearest(text: String, hint: String) {
        let found = SchedulerName.hint(for: text, among: ["euler", "dpmpp_2m", "mine"])
        #expect(found.contains(hint))
    }
}
