import Checkpoints

@testable import Pipelines

extension Target {
    static let json = Target("json", heap: HeapBound(each: 1000)) { bytes in
        let value: SettingValue
        do throws(JSONError) { value = try JSON.parse(bytes) } catch {
            expect(!error.description.isEmpty, "an error without words")
            _ = try? JSON.parse(bytes, as: .python)
            return
        }
        let again = try JSON.parse(Array(value.json.utf8))
        expect(again == value, "\(value) reads back as \(again)")
        expect(try JSON.parse(bytes, as: .python) == value, "\(value) is another to Python")
        let text = String(decoding: bytes, as: UTF8.self)
        guard let options = try? parseOptions(text) else { return }
        expect(try parseOptions(optionsText(options)) == options, "\(options) as options")
    }

    /// A pipeline file, up to the plugins; and TOML as it is read and written at all.
    static let pipelineFile = Target(
        "pipeline-file", longest: 8192, heap: HeapBound(each: 4000, fixed: 1 << 20),
        seeds: { [Array(Files.pipelineText.utf8)] }
    ) { bytes in
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        do throws(PipelineError) {
            let file = try PipelineFile(text: text, path: Files.pipelinePath)
            expect(file.overrides.isEmpty, "nothing was replaced")
            for entry in file.entries {
                expect(file.line(of: entry) != nil, "\(entry.key) is on no line")
            }
        } catch {
            let last = text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
            expect((1...last).contains(error.line ?? 1), "line \(error.line ?? 0) of \(last)")
        }
        guard let tree = try? parseTOML(text, file: "") else { return }
        let lines = tomlLines(tree)
        let again = try parseTOML(lines.joined(separator: "\n"), file: "")
        expect(tomlLines(again) == lines, "\(lines) read back as \(tomlLines(again))")
    }

    /// The tables are made once.
    private static let knowsNames = kept { !SchedulerName.hint(for: "", among: ["ddim"]).isEmpty }

    /// What a request calls its scheduler.
    static let schedulerName = Target(
        "scheduler-name", longest: 256, heap: HeapBound(each: 4000, fixed: 1 << 20),
        seeds: {
            ["dpmpp_2m+karras+trailing", "DPM++ 2M SDE Heun Karras", "UniPCMultistepScheduler"]
                .map { Array($0.utf8) }
        }
    ) { bytes in
        guard knowsNames, let text = String(validating: bytes, as: UTF8.self) else { return }
        let stages = ["ddim", "dpmpp_2m", "mine"]
        expect(!SchedulerName.hint(for: text, among: stages).isEmpty, "no hint")
        guard let name = SchedulerName(text) else { return }
        expect(!text.contains("/"), "a path is a name")
        let said = SchedulerName.said(by: name.options)
        guard let again = SchedulerName(name.canonical) else {
            // Another author's name stands for itself.
            expect(name.canonical == name.stage && said.isEmpty, "\(name.canonical) is no name")
            return
        }
        let unsaid = name.options.filter { !said.contains($0.key) }
        expect(again.stage == name.stage, "\(text) is \(name), then \(again)")
        expect(
            again.options.merging(unsaid) { own, _ in own } == name.options,
            "\(text) is \(name), then \(again)")
    }
}
