import Checkpoints
import Foundation
import TestSupport
import Testing

/// `voken schedulers trace`, against runs of diffusers (Tests/Reference/schedulers).
@Suite final class SchedulerTraceTests {
    private let folder: URL

    init() throws { folder = try temporaryFolder() }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func path(_ name: String) -> String { folder.path + "/" + name }

    private func write(_ text: String, as name: String = "config.json") throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    private func write(_ tensors: [String: Safetensors.Numbers], as name: String) throws {
        try Safetensors.write(
            numbers: tensors.map { (name: $0.key, numbers: $0.value) }, to: path(name))
    }

    private func trace(_ arguments: String...) throws -> Program.Result {
        try Program.run(
            "voken",
            [
                "schedulers", "trace", "--config", path("config.json"), "--outputs",
                path("outputs"), "--trace", path("trace"),
            ] + arguments)
    }

    private func traced(_ name: String) throws -> Safetensors.Numbers {
        try #require(
            try Safetensors(path: path("trace")).numbers(named: name), "no tensor \(name)")
    }

    /// A run of the fixture.
    private struct Reference {
        let configuration: [String: SettingValue]
        let seed: String
        let shape: [Int]
        let timesteps: [Float]
        let sigmas: [Float]?
        /// The initial one first, in torch's order.
        let samples: [[Float]]

        init(_ name: String, steps: Int) throws {
            let bytes = [UInt8](try Data(contentsOf: fixture("schedulers.json")))
            guard case .table(let root) = try JSON.parse(bytes),
                case .array(let cases)? = root["cases"]
            else { throw SettingError(key: "cases", message: "missing") }
            let found = cases.compactMap { value -> [String: SettingValue]? in
                guard case .table(let table) = value, table["name"] == .string(name) else {
                    return nil
                }
                return table
            }
            let settings = Settings(try #require(found.first, "no case \(name)"))
            configuration = try settings.table("config").values
            seed = String(try settings.integer("seed"))
            shape = try settings.integers("shape")
            let file = try Safetensors(path: fixture("schedulers.safetensors").path)
            func values(_ part: String) throws -> [Float]? {
                try file.numbers(named: "\(name).\(steps).\(part)")?.values
            }
            timesteps = try #require(try values("timesteps"))
            sigmas = try values("sigmas")
            let rows = try #require(try values("samples"))
            let (channels, places) = (shape[1], shape[2] * shape[3])
            let count = channels * places
            samples = stride(from: 0, to: rows.count, by: count).map { start in
                (0..<count).map { rows[start + $0 % places * channels + $0 / places] }
            }
        }

        /// What the fixture's model has answered at each call.
        func outputs(sees: (Float, Int) -> Float = { sample, _ in sample }) -> [[Float]] {
            timesteps.enumerated().map { call, timestep in
                samples[call].map { sin(sees($0, call)) * (0.5 + timestep / 2000) + 0.1 }
            }
        }
    }

    private static let runs: [(String, Int, noisy: Int)] = [
        ("ddim.latent", 50, 0), ("pndm.latent", 50, 0), ("ddpm.trailing", 20, 19),
        ("dpmpp_2m.karras", 20, 0), ("dpmpp_2m_sde.karras", 20, 19), ("lcm.four", 4, 3),
        ("euler.churn", 20, 20),
    ]

    @Test(arguments: runs)
    func agreesWithDiffusers(_ name: String, _ steps: Int, noisy: Int) throws {
        let reference = try Reference(name, steps: steps)
        try write(SettingValue.table(reference.configuration).json)
        let isExploding = name.hasPrefix("euler")
        let outputs = reference.outputs { sample, call in
            let sigma = isExploding ? reference.sigmas?[call] ?? 0 : 0
            return sample / (sigma * sigma + 1).squareRoot()
        }
        var tensors: [String: Safetensors.Numbers] = [:]
        for (call, values) in outputs.enumerated() {
            tensors[String(format: "%04d", call)] = .init(
                extents: reference.shape, values: values)
        }
        // More than are asked for.
        tensors["more"] = .init(extents: [1], values: [0])
        try write(tensors, as: "outputs")
        let shape = reference.shape.map(String.init).joined(separator: ",")
        let result = try trace(
            "--steps", "\(steps)", "--shape", shape, "--seed", reference.seed, "--json")
        try #require(result.status == 0, "\(result.errors)")
        let said = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let report = try #require(said as? [String: Any])
        #expect(report["calls"] as? Int == outputs.count && report["unused_outputs"] as? Int == 1)
        #expect((report["noisy_calls"] as? Int ?? -1 > 0) == (noisy > 0), "\(report)")

        #expect(try traced("timesteps").values == reference.timesteps)
        if let sigmas = reference.sigmas { expectClose(try traced("sigmas").values, sigmas) }
        for call in outputs.indices {
            let sample = try traced(String(format: "%04d", call))
            #expect(sample.extents == reference.shape)
            expectClose(sample.values, reference.samples[call + 1])
        }
        let held = try Safetensors(path: path("trace")).names
        #expect(held.count == outputs.count + 1 + (held.contains("sigmas") ? 1 : 0))
    }

    /// From a sample, the first noise of the generator is that of the first step.
    @Test func beginsWithASampleOfAnyKind() throws {
        try write(
            """
            {"_class_name": "DDPMScheduler", "_diffusers_version": "0.42.1", "clip_sample": false,
             "lambda_min_clipped": -Infinity, "solver_order": 3, "trained_betas": null}
            """)
        let count = 24
        let values = (0..<count).map { Float($0) / 8 - 1.5 }
        var samples: [[Float]] = []
        for shape in [[24], [2, 12], [2, 3, 4], [2, 12, 1, 1], [2, 1, 3, 2, 2]] {
            let numbers = Safetensors.Numbers(extents: shape, values: values)
            try write(["sample": numbers], as: "sample")
            try write(["0000": numbers, "0001": numbers, "0002": numbers], as: "outputs")
            let result = try trace("--steps", "3", "--sample", path("sample"), "--seed", "5")
            try #require(result.status == 0, "\(shape): \(result.errors)")
            #expect(result.output.hasPrefix("ddpm: 3 calls, noise at "))
            let last = try traced("0002")
            #expect(last.extents == shape)
            samples.append(last.values)
        }
        // Noise is drawn in the order of the elements, whatever their axes are.
        for sample in samples { #expect(sample == samples[0]) }
    }

    private static let good =
        #"{"_class_name": "DDIMScheduler", "beta_schedule": "scaled_linear"}"#

    @Test func refusesConfigurationsThatItCannotKeep() throws {
        let numbers = Safetensors.Numbers(extents: [1, 4], values: [0, 1, 2, 3])
        try write(["0000": numbers, "0001": numbers], as: "outputs")
        let cases: [(String, Int32, String)] = [
            (#"{"_class_name": "DDIMSchedular"}"#, 2, "did you mean \"DDIMScheduler\"?"),
            (#"{"_class_name": "FlowMatchEulerDiscreteScheduler"}"#, 2, "no plugin"),
            (#"{"_class_name": "./libSchedulerDDIM.so"}"#, 2, "is a path"),
            (#"{"_class_name": 3}"#, 2, "_class_name: expected a string"),
            (#"{"beta_start": 0.1}"#, 2, "_class_name is missing"),
            (#"{"_class_name": "DDIM", "betastart": 0.1}"#, 2, "did you mean \"beta_start\"?"),
            (#"{"_class_name": "DDIM", "thresholdin": true}"#, 2, "\"thresholding\"?"),
            (#"{"_class_name": "PNDM", "etaa_of_it": 1}"#, 2, "pndm knows"),
            (#"{"_class_name": "DDIM", "beta_start": "low"}"#, 2, "beta_start: expected a number"),
            (#"{"_class_name": "DDIM", "eta": Infinity}"#, 2, "eta: inf is outside"),
            (#"{"_class_name": "PNDM", "skip_prk_steps": false}"#, 2, "2 is under 4"),
            (#"{"_class_name": "DDIM", "beta_start": 1, "beta_start": 2}"#, 1, "twice"),
            ("[]", 1, "not a JSON object"), ("", 1, "config.json"), ("\u{0}\u{1}", 1, "line 1"),
            (String(repeating: " ", count: 2 << 20), 1, "the limit is"),
        ]
        for (text, status, words) in cases {
            try write(text)
            let result = try trace("--steps", "2", "--shape", "1,4")
            #expect(result.status == status, "\(text.prefix(80)): \(result)")
            #expect(result.errors.contains(words), "\(text.prefix(80)): \(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: path("trace")))
        }
        try write(Self.good)
        #expect(try trace("--steps", "2", "--shape", "1,4").status == 0)
        // Whoever types a path means it.
        let file = Program.folder.path + "/libSchedulerDDIM.so"
        try write("{}")
        #expect(try trace("--steps", "2", "--shape", "1,4", "--scheduler", file).status == 0)
        let other = try trace("--steps", "2", "--shape", "1,4", "--scheduler", "Euler a")
        #expect(other.output.hasPrefix("euler_a: 2 calls"), "\(other)")
    }

    @Test func refusesTensorsThatDoNotFit() throws {
        try write(Self.good)
        let row = Safetensors.Numbers(extents: [1, 4], values: [0, 1, 2, 3])
        let column = Safetensors.Numbers(extents: [4, 1], values: row.values)
        let broken = Safetensors.Numbers(extents: [1, 4], values: [0, .nan, 2, 3])
        try write(["sample": row], as: "sample")
        let outputs: [([String: Safetensors.Numbers], String)] = [
            (
                ["0000": row],
                "there is no tensor 0001: 2 steps are 2 calls, and need the outputs 0000 to 0001"
            ),
            (["0000": row, "0001": column], "0001 has the shape [4, 1], the sample [1, 4]"),
            (["0000": row, "0001": broken], "0001 has numbers that are not finite"),
        ]
        for (tensors, words) in outputs {
            try write(tensors, as: "outputs")
            let result = try trace("--steps", "2", "--sample", path("sample"))
            #expect(result.status == 1, "\(result)")
            #expect(result.errors.contains(words), "\(result.errors)")
        }
        try write(["0000": row, "0001": row], as: "outputs")
        for (name, tensors) in [("none", ["other": row]), ("broken", ["sample": broken])] {
            try write(tensors, as: name)
            let result = try trace("--steps", "2", "--sample", path(name))
            #expect(result.status == 1 && result.errors.contains("sample"), "\(result)")
        }
        try write("garbage", as: "garbage")
        let garbage = try trace("--steps", "2", "--sample", path("garbage"))
        #expect(garbage.status == 1 && garbage.errors.contains("safetensors"), "\(garbage)")
        let absent = try trace("--steps", "2", "--sample", path("absent"))
        #expect(absent.status == 1 && absent.errors.contains("absent"), "\(absent)")
        let unwritable = try trace(
            "--steps", "2", "--sample", path("sample"), "--trace", path("no/trace"))
        #expect(unwritable.status == 1, "\(unwritable)")
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(
            left == ["broken", "config.json", "garbage", "none", "outputs", "sample"], "\(left)")
    }

    @Test func refusesWrongArguments() throws {
        try write(Self.good)
        let row = Safetensors.Numbers(extents: [1, 4], values: [0, 1, 2, 3])
        try write(["sample": row, "0000": row], as: "outputs")
        let cases: [([String], String)] = [
            (["--steps", "1"], "either --sample or --shape"),
            (["--steps", "1", "--shape", "1,4", "--sample", path("outputs")], "either --sample"),
            (["--shape", "1,4"], "--steps"), (["--steps", "0", "--shape", "1,4"], "steps: 0"),
            (["--steps", "1001", "--shape", "1,4"], "steps: 1001"),
            (["--steps", "1", "--shape", ""], "is not a shape"),
            (["--steps", "1", "--shape", "1,x"], "is not a shape"),
            (["--steps", "1", "--shape", "1,-4"], "is not a shape"),
            (["--steps", "1", "--shape", "1,1,1,1,1,1,1,1,1"], "1 to 8 axes"),
            (["--steps", "1", "--shape", "65536,65536"], "over the limit"),
            (["--steps", "1000", "--shape", "1,1048576"], "over the limit"),
            (["--steps", "1", "--shape", "1,4", "--seed", "-1"], "seed"),
        ]
        for (arguments, words) in cases {
            let result = try Program.run(
                "voken",
                [
                    "schedulers", "trace", "--config", path("config.json"), "--outputs",
                    path("outputs"), "--trace", path("trace"),
                ] + arguments)
            #expect(result.status == 2, "\(arguments): \(result)")
            #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: path("trace")))
        }
    }
}
