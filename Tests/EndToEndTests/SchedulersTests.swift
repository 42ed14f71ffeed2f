import Foundation
import Testing

/// `voken schedulers`: list, explain and plot.
@Suite struct SchedulersTests {
    private struct List: Decodable {
        struct Entry: Decodable {
            let name, title, noise, plugin: String
            let order: Int
            let calls, problem: String?
            let aliases: [String]
            let callsByAlias: [String: String]
        }

        let schedulers: [Entry]
    }

    private struct Explanation: Decodable {
        struct Option: Decodable {
            let origin: String
        }

        let name, stage, title, citation: String
        let order, steps, calls, noisyCalls: Int
        let initialNoiseScale: Double
        let options: [String: Option]
        let timesteps: [Double]
        let sigmas: [Double?]
    }

    private func schedulers(_ arguments: [String]) throws -> Program.Result {
        try Program.run("voken", ["schedulers"] + arguments)
    }

    private func json<Value: Decodable>(_ arguments: [String]) throws -> Value {
        let result = try schedulers(arguments + ["--json"])
        try #require(result.status == 0, "\(arguments): \(result.errors)")
        #expect(result.output.split(separator: "\n").count == 1)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Value.self, from: Data(result.output.utf8))
    }

    private func explanation(_ arguments: String...) throws -> Explanation {
        try json(["explain"] + arguments)
    }

    @Test func listsAllThatCanBeExplained() throws {
        let list: List = try json([])
        let entries = Dictionary(uniqueKeysWithValues: list.schedulers.map { ($0.name, $0) })
        #expect(list.schedulers.map(\.name) == entries.keys.sorted())
        #expect(entries["ddim"]?.calls == "N" && entries["ddim"]?.noise == "optional")
        let pndm = try #require(entries["pndm"])
        #expect(pndm.calls == "N+9" && pndm.callsByAlias == ["PLMS": "N+1"] && pndm.order == 2)
        #expect(pndm.plugin.hasSuffix("/libSchedulerPNDM.so"))
        #expect(entries["dpmpp_2m"]?.aliases.contains("DPM++ 2M") == true)
        for entry in list.schedulers {
            #expect(entry.problem == nil, "\(entry)")
            let explained = try explanation(entry.name, "--steps", "20")
            #expect(explained.stage == entry.name && explained.title == entry.title)
            #expect(explained.calls == explained.timesteps.count)
            #expect(
                explained.sigmas.isEmpty || explained.sigmas.count > explained.calls,
                "\(entry.name)")
            #expect(entry.noise != "never" || explained.noisyCalls == 0, "\(entry.name)")
            #expect(entry.noise != "every step" || explained.noisyCalls > 0, "\(entry.name)")
        }
        let text = try schedulers(["list"])
        #expect(text.status == 0)
        let lines = text.output.split(separator: "\n")
        #expect(lines.count == list.schedulers.count + 1)
        #expect(lines[0].hasPrefix("NAME "))
        #expect(lines.contains { $0.hasPrefix("pndm ") && $0.hasSuffix("PLMS (N+1)") })
    }

    @Test func explainsEveryDialectAlike() throws {
        let texts = try [
            "dpmpp_2m+karras", "DPM++ 2M Karras", "DPMSolverMultistepScheduler+karras",
        ]
        .map { try schedulers(["explain", $0, "--steps", "10"]) }
        #expect(texts.allSatisfy { $0.status == 0 }, "\(texts)")
        #expect(Set(texts.map(\.output)).count == 1)
        let lines = texts[0].output.split(separator: "\n").map(String.init)
        #expect(lines[0] == "dpmpp_2m+karras")
        #expect(lines[1].contains("arXiv 2211.01095"))
        #expect(lines[2] == "order 2, 10 calls of the model for 10 steps, no noise")
        for (words, remark) in [
            (["use_karras_sigmas", "true"], "by name, default false"),
            (["beta_start", "0.00085"], "Stable Diffusion's, default 0.0001"),
            (["solver_order", "2"], ""), (["trained_betas", "–"], ""),
        ] {
            let line = lines.first { $0.hasPrefix("  \(words[0]) ") } ?? ""
            let parts = line.split(separator: " ", omittingEmptySubsequences: true)
            #expect(Array(parts.prefix(2)).map(String.init) == words)
            #expect(parts.dropFirst(2).joined(separator: " ") == remark)
        }
        // diffusers' numbers.
        #expect(lines.contains { $0.split(separator: " ") == ["0", "999", "14.615"] })
        #expect(lines.last?.split(separator: " ") == ["end", "0"])
    }

    @Test func optionsComeFromWhereItSays() throws {
        func origins(_ explanation: Explanation, _ keys: String...) -> [String?] {
            keys.map { explanation.options[$0]?.origin }
        }
        let set = try explanation(
            "PLMS+trailing", "--steps", "5", "--set", "steps_offset=1", "--set",
            "timestep_spacing=leading")
        #expect(set.name == "pndm+leading" && set.calls == 6)
        #expect(
            origins(set, "skip_prk_steps", "timestep_spacing", "steps_offset", "beta_end")
                == ["name", "user", "user", "stable_diffusion"])
        #expect(set.timesteps == [801, 601, 601, 401, 201, 1])
        let noisy = try explanation("ddim", "--steps", "5", "--set", "eta=1")
        #expect(noisy.noisyCalls == 5)

        let pocket = Program.root.path + "/etc/models/pocket/scheduler"
        let model = try explanation("pndm", "--steps", "5", "--model", pocket)
        #expect(model.name == "pndm+trailing")
        #expect(
            origins(model, "timestep_spacing", "beta_end", "skip_prk_steps")
                == ["model", "model", "default"])
        let file = Program.root.path + "/etc/pipelines/pocket.toml"
        // The file's own table of that name.
        let further = try explanation("PNDMScheduler", "--steps", "5", "--pipeline", file)
        #expect(further.name == "pndm+leading")
        #expect(origins(further, "timestep_spacing", "beta_end") == ["user", "model"])
        let other = try explanation("ddim+ays", "--steps", "10", "--pipeline", file)
        #expect(other.timesteps == [999, 850, 736, 645, 545, 455, 343, 233, 124, 24])
        #expect(origins(other, "timesteps", "timestep_spacing") == ["name", "model"])
    }

    @Test func explainsAPluginsFile() throws {
        let file = Program.folder.path + "/libSchedulerDDIM.so"
        #expect(try explanation(file).name == "ddim")
    }

    @Test func plotsWithoutATerminal() throws {
        let one = try schedulers(["plot", "dpmpp_2m+karras", "--steps", "20"])
        #expect(one.status == 0, "\(one.errors)")
        let panel = one.output.split(separator: "\n").map(String.init)
        #expect(panel[0] == "dpmpp_2m+karras, 20 calls for 20 steps: sigma")
        #expect(panel[1].hasPrefix("  14.6 ┤⠉"), "\(panel[1])")
        #expect(panel.last?.hasSuffix(" 20") == true)
        #expect(panel.allSatisfy { $0.count <= 80 } && panel.count == 17)
        #expect(!one.output.contains("\u{1B}"))

        let names = ["ddim", "DPM++ 2M Karras", "echo"]
        let several = try schedulers(["plot"] + names + ["--steps", "10"])
        let titles = several.output.split(separator: "\n").filter { $0.contains(" steps: ") }
        #expect(
            titles == [
                "ddim, 10 calls for 10 steps: sigma",
                "dpmpp_2m+karras, 10 calls for 10 steps: sigma",
                "echo, 10 calls for 10 steps: timestep",
            ])

        struct Plot: Decodable {
            struct Curve: Decodable {
                let name: String
                let calls: Int
                let sigmas: [Double?]
            }
            let curves: [Curve]
        }
        let plot: Plot = try json(["plot"] + names + ["--steps", "10"])
        #expect(plot.curves.map(\.name) == ["ddim", "dpmpp_2m+karras", "echo"])
        #expect(plot.curves.map(\.sigmas.count) == [11, 11, 0])
        // Noise alone has no finite level, and JSON no infinity.
        let endless: Plot = try json([
            "plot", "ddim+trailing", "--steps", "4", "--set", "rescale_betas_zero_snr=true",
            "--set", "prediction_type=v_prediction",
        ])
        #expect(endless.curves[0].sigmas[0] == nil && endless.curves[0].sigmas[1] != nil)
    }

    @Test func refusesWhatCannotBe() throws {
        let cases: [([String], String)] = [
            (["explain", "dimm"], "did you mean \"ddim\"?"),
            (["explain", "dpmpp_2m+karros"], "did you mean \"karras\"?"),
            (["explain", "dpmpp_2m+karras+beta"], "karras and beta exclude each other"),
            (["explain", "ddim+karras"], "which ddim does not know"),
            (["explain", "ddim", "--set", "etta=1"], "did you mean \"eta\"?"),
            (["explain", "ddim", "--set", "eta=2"], "eta: 2"),
            (["explain", "ddim", "--set", "eta"], "key=value"),
            (["explain", "ddim", "--steps", "0"], "steps: 0 is outside 1...1000"),
            (["explain", "pndm", "--steps", "2"], "skip_prk_steps"),
            (["explain", "ddim", "--model", "/nowhere"], "/nowhere"),
            (["explain", "ddim", "--model", "/", "--pipeline", "x"], "--pipeline"),
            (["explain", "/nowhere/lib.so"], "/nowhere/lib.so"),
            (["explain"], "name"), (["plot"], "name"),
            (["plot", "ddim", "nothing at all"], "there are ddim"),
        ]
        for (arguments, words) in cases {
            let result = try schedulers(arguments)
            #expect(result.status == 2, "\(arguments): \(result)")
            #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
            #expect(result.output.isEmpty)
        }
        let pipeline = try schedulers(["list", "--pipeline", "/nowhere.toml"])
        #expect(pipeline.status == 7 && pipeline.errors.contains("/nowhere.toml"))
    }
}
