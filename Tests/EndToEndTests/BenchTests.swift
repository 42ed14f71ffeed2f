import Foundation
import Glibc
import Testing

/// `voken bench`, on the pocket model and within seconds.
@Suite struct BenchTests {
    private struct Report: Decodable {
        struct Rates: Decodable { let f32_gflops, read_gbytes: Double }
        struct Result: Decodable {
            let stage, type, unit: String
            let seconds, items: Double
            let runs, peak_resident_bytes: Int
            let operations, bytes, peak_operations_per_second: Double?
            let is_stable: Bool
            let before, after: Rates
            let doubts: [String]
        }

        let format, threads: Int
        let source, cpu, arithmetic, date: String
        let rates: Rates
        let results: [Result]
        let is_interrupted: Bool
    }

    private func bench(_ arguments: String...) throws -> Program.Result {
        try Program.run("voken", ["bench", "--time-limit", "50ms"] + arguments)
    }

    private func report(_ file: URL) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(contentsOf: file))
    }

    @Test func measuresAllOfThePocketModel() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "first.json")
        let first = try bench("--threads", "1", "--answer", "20,1,3,2", "--json", file.path)
        try #require(first.status == 0, "\(first.errors)")
        let report = try report(file)
        let names = ["encode", "prefill", "decode", "decode4", "mapper", "unet", "vae", "answer"]
        #expect(report.results.map(\.stage) == names)
        #expect(report.format == 1 && report.threads == 1 && report.source == "pocket")
        #expect(!report.is_interrupted && report.rates.f32_gflops > 0.1)
        for result in report.results {
            #expect(result.seconds > 0 && result.runs >= 1, "\(result)")
            #expect(result.peak_resident_bytes > 1 << 20, "\(result)")
            #expect((result.operations ?? 0) > 1e6, "\(result)")
            // No stage is faster than the machine, with room for an unsteady one.
            if let peak = result.peak_operations_per_second, let operations = result.operations {
                #expect(operations / result.seconds < 3 * peak, "\(result)")
            }
        }
        let decode = try #require(report.results.first { $0.stage == "decode" })
        let four = try #require(report.results.first { $0.stage == "decode4" })
        #expect(decode.type == "f16" && decode.items == 1 && four.items == 4)
        #expect(four.operations == decode.operations.map { $0 * 4 })
        // The table has a line for each, under its titles.
        let lines = first.output.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("STAGE") && $0.contains("OF PEAK") })
        for name in names { #expect(lines.contains { $0.hasPrefix(name + " ") }, "\(name)") }
        #expect(first.errors.isEmpty)

        let second = try bench("--threads", "1", "--stages", "mapper,unet", "--compare", file.path)
        try #require(second.status == 0, "\(second.errors)")
        let compared = second.output.split(separator: "\n").drop { !$0.contains("THEN") }
        #expect(
            compared.dropFirst().prefix(2).map { $0.prefix { $0 != " " } } == ["mapper", "unet"])
        #expect(compared.dropFirst().prefix(2).allSatisfy { $0.contains("x") })
        #expect(second.output.contains("then (\(report.date)) the machine gave f32"))
    }

    /// In turn, so that each stage comes in each type.
    @Test(arguments: [
        ["f32", "bf16", "f16"], ["bf16", "f16", "f32"], ["f16", "f32", "bf16"],
    ])
    func makesUpWeights(types: [String]) throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "random.json")
        let pocket = Program.root.appending(path: "etc/pipelines/pocket.toml").path
        let result = try bench(
            "--geometry", pocket, "--type",
            "\(types[0]),languageModel=\(types[1]),unet=\(types[2])", "--stages",
            "encode,decode,unet,vae", "--prompt", "9", "--json", file.path)
        try #require(result.status == 0, "\(result.errors)")
        let report = try report(file)
        #expect(report.source == "pocket, random weights")
        #expect(report.results.map(\.type) == types + types.prefix(1))
    }

    @Test func measuresOperations() throws {
        let result = try bench(
            "--kernels", "gemm:8x16x32,conv:1x8x8x16x16,attention:2x9x9x8", "--type", "f32")
        #expect(result.status == 0 && result.output.contains("conv:1x8x8x16x16"))
        let bf16 = try bench("--kernels", "gemm:8x16x32", "--type", "bf16")
        #expect(bf16.status == 0 && bf16.output.contains("bf16"))
    }

    @Test func worksOnDemand() throws {
        let program = Program(
            "voken", ["bench", "--stages", "mapper", "--on-demand"],
            input: "repeat\nrepeat 3\nprobe\nhurry\nquit\nrepeat\n")
        try program.process.run()
        let result = program.finish()
        let lines = result.output.split(separator: "\n")
        try #require(result.status == 0 && lines.count == 4, "\(result)")
        #expect(lines[0] == "ready")
        for line in lines[1...2] { #expect((Double(line) ?? 0) > 0, "\(line)") }
        #expect(lines[3].contains("\"read_gbytes\":"))
        #expect(result.errors.contains("\"hurry\" is none of repeat N, probe, quit"))
    }

    @Test func endsCleanlyOnInterrupt() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "some.json")
        let program = Program(
            "voken",
            ["bench", "--stages", "mapper,answer", "--answer", "9,0,1,1000", "--json", file.path])
        try program.process.run()
        usleep(2_000_000)
        kill(program.process.processIdentifier, SIGINT)
        let result = program.finish()
        #expect(result.status == 5 && result.errors.contains("interrupted"))
        #expect(result.output.contains("interrupted: this is what was measured"))
        let report = try report(file)
        #expect(report.is_interrupted && report.results.count < 2)
    }

    @Test(arguments: [
        (["--stages", "unet,brain"], "\"brain\" is not one of the stages encode, prefill"),
        (["--stages", ""], "is not one of the stages"),
        (["--type", "f32"], "name a --geometry"),
        (["--geometry", "minigpt5", "--type", "f8"], "\"f8\" is not one of f32"),
        (
            ["--geometry", "minigpt5", "--type", "brain=f32"],
            "\"brain\" is not one of image_encoder"
        ),
        (["--geometry", "minigpt5", "--type", "unet=f32,f16"], "comes first"),
        (["--geometry", "minigpt6"], "neither minigpt5 nor a pipeline file"),
        (["--geometry", "minigpt5", "--pipeline", "x.toml"], "exclude each other"),
        (["--kernels", "gemm:1x2"], "none of gemm:MxNxK"),
        (["--kernels", "gemm:0x2x3"], "none of gemm:MxNxK"),
        (["--kernels", "gemm:1x2x3", "--stages", "unet"], "exclude each other"),
        (["--answer", "1,2,3"], "--answer takes four numbers"),
        (["--answer", "1,2,3,0"], "--answer takes four numbers"),
        (["--threads", "0"], "--threads is from 1 to 256"),
        (["--time-limit", "soon"], "is not a time"),
        (["--on-demand"], "measures one stage"),
    ])
    func refuses(arguments: [String], message: String) throws {
        let result = try Program.run("voken", ["bench"] + arguments)
        #expect(result.status == 2, "\(arguments)")
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test func refusesWhatCannotBeMeasured() throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let long = try bench("--stages", "prefill", "--prompt", "5000")
        #expect(long.status == 1 && long.errors.contains("choose a shorter --prompt"))
        let none = try bench("--pipeline", folder.appending(path: "no.toml").path)
        #expect(none.status == 7 && none.errors.contains("no.toml"))
        let file = folder.appending(path: "other.json")
        try Data("{}".utf8).write(to: file)
        let other = try bench("--stages", "mapper", "--compare", file.path)
        #expect(other.status == 1 && other.errors.contains("not a report of voken bench"))
        let missing = try bench("--compare", folder.appending(path: "no.json").path)
        #expect(missing.status == 1 && missing.errors.contains("no.json"))
    }
}
