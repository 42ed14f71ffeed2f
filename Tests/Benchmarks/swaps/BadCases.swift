import BenchmarkSupport
import Foundation
import Glibc
import Stages
import Wire

/// All that can be wrong with a swap.
struct BadCases {
    private let folder: String
    private let bench: Workbench
    /// A good plugin.
    private let good: [UInt8]
    private let compiled: [UInt8]

    init(_ bench: Workbench) throws {
        self.bench = bench
        let workshop = try Workshop(bench)
        folder = workshop.folder
        good = try contents(of: bench.plugin("SchedulerDDIM"))
        compiled = try workshop.compile(misbehavingPlugin, module: "Misbehaving")
    }

    var all: [BadCase] { files + behaviours + stages + owners + [replaced] }

    /// A swap of the scheduler to a file of these bytes.
    private func scheduler(
        _ name: String, _ bytes: [UInt8], mode: mode_t = 0o755
    ) throws -> SwapRequest {
        let path = "\(folder)/\(name).so"
        try replace(path, with: bytes, mode: mode)
        return SwapRequest(kind: "scheduler", plugin: path, fresh: true)
    }

    private func file(
        _ name: String, _ code: String, _ bytes: @escaping () throws -> [UInt8]
    ) -> BadCase {
        BadCase(name: name, code: code) { _ in
            try scheduler(name.replacing(" ", with: "-"), try bytes())
        }
    }

    private func deed(_ deed: String, _ code: String, isSlow: Bool = false) -> BadCase {
        BadCase(name: deed, code: code, isSlow: isSlow) { _ in
            try scheduler(deed.replacing(" ", with: "-"), try misbehaving(deed))
        }
    }

    private func misbehaving(_ deed: String) throws -> [UInt8] {
        let good = "misbehaviour:good............"
        let name = "misbehaviour:\(deed)"
        return try compiled.patched(
            good, name.padding(toLength: good.count, withPad: ".", startingAt: 0))
    }

    // MARK: Files, before any code of theirs runs

    private var files: [BadCase] {
        [
            file("not ELF", "not_elf") { Array("#!/bin/sh\n".utf8) },
            BadCase(name: "cut short", code: "truncated", ways: 20) { number in
                try scheduler("cut", Array(good.prefix(64 + good.count * (number % 20) / 20)))
            },
            file("other processor", "other_processor") {
                var bytes = good
                bytes[18] = 8  // MIPS
                return bytes
            },
            BadCase(name: "no note", code: "no_note") { _ in
                SwapRequest(kind: "scheduler", plugin: "/bin/sh", fresh: true)
            },
            file("other fingerprint", "other_kit") {
                try good.patched(kitFingerprint, String(repeating: "ab", count: 32))
            },
            file("other compiler", "other_compiler") {
                try good.patched(kitCompiler, String(kitCompiler.reversed()))
            },
            file("no entry symbol", "no_entry_point") {
                try good.patched("\0voken_plugin\0", "\0voken_plugim\0")
            },
            BadCase(name: "no file", code: "not_found") { _ in
                SwapRequest(kind: "scheduler", plugin: folder + "/none.so", fresh: true)
            },
            BadCase(name: "no name of a stage", code: "not_found") { _ in
                SwapRequest(kind: "scheduler", plugin: "dimd", fresh: true)
            },
            BadCase(name: "a folder", code: "not_a_file") { _ in
                SwapRequest(kind: "scheduler", plugin: folder, fresh: true)
            },
        ]
    }

    // MARK: Code

    private var behaviours: [BadCase] {
        [
            file("unresolved symbol", "unresolved") {
                try compiled.patched("linearCombination", "linearCombinatiom")
            },
            // A copy, whose code is not known yet.
            file("other kind", "other_kind") {
                try contents(of: bench.plugin("AutoencoderKL")) + [0]
            },
            deed("kind lies", "inconsistent"),
            deed("entry traps", "load_crashed"),
            deed("entry hangs", "load_hung", isSlow: true),
            deed("make throws", "constructor_threw"),
            deed("make traps", "constructor_crashed"),
            deed("make hangs", "constructor_hung", isSlow: true),
            deed("times ascend", "self_test_failed"),
            deed("step bends", "self_test_failed"),
            deed("step traps", "self_test_crashed"),
            deed("step hangs", "self_test_hung", isSlow: true),
        ]
    }

    // MARK: Stages that are made, or nearly

    private var stages: [BadCase] {
        let vae = bench.model("vae") + "/diffusion_pytorch_model.safetensors"
        let unet = bench.model("unet") + "/diffusion_pytorch_model.safetensors"
        func weights(_ name: String, _ bytes: @escaping () throws -> [UInt8]) throws -> SwapRequest
        {
            let path = "\(folder)/\(name).safetensors"
            try replace(path, with: try bytes())
            return SwapRequest(kind: "unet", weights: path)
        }
        return [
            BadCase(name: "unknown option", code: "bad_setting") { _ in
                SwapRequest(kind: "scheduler", options: #"{"etta": 0.5}"#)
            },
            BadCase(name: "option out of range", code: "bad_setting") { _ in
                SwapRequest(kind: "scheduler", options: #"{"eta": 2.0}"#)
            },
            BadCase(name: "options that are no JSON", code: "invalid") { _ in
                SwapRequest(kind: "scheduler", options: #"{"eta": "#)
            },
            BadCase(name: "stages of other sizes", code: "contract") { _ in
                SwapRequest(kind: "feature_mapper", plugin: "echo", fresh: true)
            },
            BadCase(name: "weights of another model", code: "constructor_threw") { _ in
                try weights("other") { try contents(of: vae) }
            },
            BadCase(name: "weights cut short", code: "no_model") { _ in
                try weights("cut") { try contents(of: unet).dropLast(1000) }
            },
            BadCase(name: "no weights", code: "no_model") { _ in
                SwapRequest(kind: "unet", weights: folder + "/none.safetensors")
            },
        ]
    }

    // MARK: Who may read and write

    private var owners: [BadCase] {
        var cases = [
            BadCase(name: "writable by its group", code: "writable_by_others") { _ in
                try scheduler("group", good, mode: 0o775)
            },
            BadCase(name: "not on the list", code: "not_allowed", host: .allowing) { _ in
                try scheduler("unlisted", good + [0])
            },
        ]
        if geteuid() == 0 {
            cases += [
                BadCase(name: "of another user", code: "wrong_owner") { _ in
                    let request = try scheduler("owned", good)
                    unsafe chown(request.plugin, 1234, 1234)
                    return request
                },
                BadCase(name: "unreadable", code: "unreadable", host: .stranger) { _ in
                    try scheduler("unreadable", good, mode: 0o600)
                },
            ]
        } else {
            cases.append(
                BadCase(name: "unreadable", code: "unreadable") { _ in
                    try scheduler("unreadable", good, mode: 0)
                })
        }
        return cases
    }

    // MARK: Time

    /// The file changes as soon as it has been read, while its stage takes its time.
    private var replaced: BadCase {
        let path = "\(folder)/replaced.so"
        return BadCase(
            name: "changed meanwhile: renamed over, written to, removed", code: "file_changed",
            ways: 3
        ) { number in
            try scheduler("replaced", try misbehaving("make waits") + Array("\(number)".utf8))
        } observe: { number, event in
            guard event.name == "file" else { return }
            switch number % 3 {
            case 0: try? replace(path, with: good, mode: 0o755)
            case 1:
                let file = FileHandle(forWritingAtPath: path)
                try? file?.write(contentsOf: Data(good))
                try? file?.close()
            default: unsafe unlink(path)
            }
        }
    }
}
