import Checkpoints
import Foundation
import PluginHost
import Stages
import Testing

@testable import Pipelines

/// What a scheduler's name means beside options of a pipeline file, a swap and a model folder.
@Suite final class SchedulerOrderTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "voken-names-\(UUID())").path

    init() throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        let text = """
            {"_class_name": "DDIMScheduler", "use_karras_sigmas": true, "steps_offset": 1,
             "timestep_spacing": "leading", "lambda_min_clipped": -Infinity}
            """
        try text.write(
            toFile: folder + "/scheduler_config.json", atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func load(_ changes: [StageChange], model: Bool = false) throws -> Generation {
        var file = try PipelineFile(text: echoText, path: "echo.toml")
        var entry = try #require(file.stages[.scheduler])
        if model { entry.model = folder }
        for change in changes { entry = entry.changed(by: change) }
        file = file.replacing(entry)
        return try Pipeline.load(file, host: echoGeneration().host)
    }

    private func swap(
        _ name: String?, _ options: [String: SettingValue] = [:], fresh: Bool = false
    ) -> StageChange {
        StageChange(.scheduler, plugin: name, options: options, isFresh: fresh)
    }

    private func refusal(_ changes: StageChange...) throws -> String {
        do {
            _ = try load(changes)
        } catch let error as PipelineError {
            return error.message
        }
        return ""
    }

    @Test func whatIsSaidLastCounts() throws {
        let spacing: [String: SettingValue] = ["timestep_spacing": "leading"]
        let cases: [([StageChange], String)] = [
            ([swap("ddim+trailing")], "ddim+trailing"),
            ([swap("ddim+trailing", spacing)], "ddim+leading"),
            ([swap("ddim+trailing"), swap(nil, spacing)], "ddim+leading"),
            ([swap("ddim", spacing), swap("ddim+trailing")], "ddim+trailing"),
            ([swap("ddim", spacing), swap("ddim+trailing"), swap("DDIM")], "ddim+leading"),
            // The name's own options go with the name, and so does what overruled it.
            ([swap("ddim+trailing"), swap("ddim")], "ddim"),
            ([swap("ddim+trailing"), swap(nil, ["eta": 0])], "ddim+trailing"),
            (
                [swap("ddim", spacing), swap("ddim+trailing"), swap(nil, ["eta": 0])],
                "ddim+trailing"
            ),
            ([swap("ddim+trailing", spacing), swap(nil, ["eta": 0])], "ddim+leading"),
            ([swap("ddim", spacing), swap("ddim+trailing", fresh: true)], "ddim+trailing"),
            ([swap("DDIMScheduler+ays")], "ddim+ays"),
            (
                [
                    swap("ddim", ["timesteps": .array([900, 400, 0])]),
                    swap("ddim Align Your Steps"),
                ], "ddim+ays"
            ),
            (
                [swap("ddim", ["timesteps": .array([900, 400, 0])]), swap("ddim+trailing")],
                "ddim+trailing"
            ),
        ]
        for (changes, name) in cases {
            let generation = try load(changes)
            #expect(generation.ownScheduler.name == name, "\(changes)")
            // The same as its own text says.
            let again = try PipelineFile(text: generation.file.effectiveText, path: "echo.toml")
            let reread = try Pipeline.load(again, host: generation.host)
            #expect(reread.ownScheduler.recipe == generation.ownScheduler.recipe)
        }
    }

    @Test func aNameIsAboveTheModelFolder() throws {
        let own = try load([swap("ddim")], model: true).ownScheduler
        #expect(own.name == "ddim+leading")
        let named = try load([swap("ddim+trailing")], model: true).ownScheduler
        #expect(named.recipe.hasPrefix("ddim+trailing, "))
        #expect(named.recipe.contains("steps_offset 1"))
        // The folder's Karras sigmas give way to other ones, and stay where nothing is said.
        for (name, canonical) in [
            ("euler", "euler+karras+leading"), ("Euler Exponential", "euler+exponential+leading"),
            ("euler+ays", "euler+ays"), ("euler+karras+trailing", "euler+karras+trailing"),
        ] {
            #expect(try load([swap(name)], model: true).ownScheduler.name == canonical)
        }
    }

    @Test func equalNamesHaveEqualRecipes() throws {
        let groups: [[(String, [String: SettingValue])]] = [
            [
                ("ddim+trailing", [:]), ("DDIM SGM Uniform", [:]), ("DDIMScheduler+trailing", [:]),
                ("ddim", ["timestep_spacing": "trailing"]), ("DDIM Simple", [:]),
            ],
            [("PLMS", [:]), ("PNDMScheduler", ["skip_prk_steps": true])],
        ]
        for group in groups {
            for model in [false, true] {
                let recipes = try group.map { name, options in
                    try load([swap(name, options)], model: model).ownScheduler.recipe
                }
                #expect(Set(recipes).count == 1, "\(recipes)")
            }
        }
    }

    /// A shape that an algorithm does not have is an error; one that is only switched off is not.
    @Test func whatANameSaysMustBeKnown() throws {
        let karras = try refusal(swap("ddim+karras"))
        #expect(
            karras.contains(
                "stage.scheduler.plugin: \"ddim+karras\" stands for ddim with use_karras_sigmas "
                    + "= true, which ddim does not know"), "\(karras)")
        // Neither does it help to have said it before, to a scheduler that need not know it.
        var before = swap("ddim", ["use_karras_sigmas": true])
        #expect(try refusal(before, swap("ddim Karras")).contains("does not know"))
        before = swap("echo", ["use_lu_lambdas": true])
        #expect(try refusal(before, swap("ddim+ays")) == "")
        #expect(try refusal(swap("ddim+ays", ["use_lu_lambdas": true])).contains("unknown key"))
        #expect(try refusal(swap("pndm+ays")).contains("timesteps = \"ays\""))
        #expect(try refusal(swap("ddim+karros")).contains("did you mean \"karras\"?"))
        #expect(try refusal(swap("dimm")).contains("did you mean \"ddim\"?"))
    }

    @Test func requestsTakeAnyName() throws {
        let generation = try load([swap("ddim", ["eta": 0.5])])
        func scheduler(_ name: String?, _ options: [String: SettingValue] = [:]) throws -> String {
            try generation.scheduler(name, options: options).recipe
        }
        let own = try scheduler(nil)
        #expect(own == "ddim, eta 0.5")
        for name in ["ddim", "DDIM", "DDIMScheduler", "ddim uniform"] {
            #expect(try scheduler(name) == own)
            #expect(try scheduler(name, ["eta": 1]) == "ddim, eta 1")
        }
        #expect(try scheduler("DDIM Trailing") == "ddim+trailing, eta 0.5")
        #expect(
            try scheduler("PLMS", ["steps_offset": 1])
                == "pndm, skip_prk_steps true, steps_offset 1")
        #expect(
            try scheduler("ddim+trailing", ["timestep_spacing": "leading"])
                == "ddim+leading, eta 0.5")
        #expect(try scheduler("Euler a Karras") == "euler_a+karras")
        #expect(generation.ownScheduler.recipe == own)
        for (name, words) in [
            ("ddim+karras", "which ddim does not know"),
            ("Restart", "no scheduler \"Restart\""), ("dimm", "did you mean \"ddim\"?"),
            ("ddim+karros", "did you mean \"karras\"?"), ("../ddim+karras", "no scheduler"),
        ] {
            #expect {
                _ = try scheduler(name)
            } throws: { error in
                let error = error as? RequestError
                return error?.code == .invalid && error?.message.contains(words) == true
            }
        }
    }

    /// Also before anything is made.
    @Test func aReviewKnowsNames() throws {
        let serving = try echoGeneration()
        func problems(_ name: String) -> [String] {
            let own = "[stage.scheduler]\nplugin = "
            let text = echoText.replacing(own + "\"echo\"", with: own + "\"\(name)\"")
            return PipelineReview(
                text: text, path: "echo.toml", serving: serving, host: serving.host
            )
            .problems.map(\.message)
        }
        #expect(problems("DDIM Trailing") == [])
        #expect(problems("dimm").first?.contains("did you mean \"ddim\"?") == true)
        #expect(problems("ddim+karros").first?.contains("did you mean \"karras\"?") == true)
    }

    @Test func aTablesNameIsFoundHoweverItIsSpelt() throws {
        let text =
            echoText + """

                [scheduler.pndm]
                plugin = "PLMS"
                timestep_spacing = "trailing"

                [scheduler."my best"]
                plugin = "ddim+ays"
                """
        let file = try PipelineFile(text: text, path: "echo.toml")
        let generation = try Pipeline.load(file, host: echoGeneration().host)
        for name in ["pndm", "PNDMScheduler", "PNDM"] {
            #expect(
                try generation.scheduler(name, options: [:]).recipe
                    == "pndm+trailing, skip_prk_steps true")
        }
        #expect(try generation.scheduler("my best", options: [:]).name == "ddim+ays")
        #expect(
            try generation.scheduler("my best", options: ["eta": 1]).recipe == "ddim+ays, eta 1")
    }
}
