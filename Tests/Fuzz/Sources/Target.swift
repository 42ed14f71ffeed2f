import CFuzzer

/// Something that takes bytes from outside, and what must hold whatever they are.
struct Target: Sendable {
    let name: String
    /// Longer inputs are not tried: a limit of time, not of the code under test.
    let longest: Int
    /// How many executions of others one of it counts for: what an execution takes is longer.
    let weight: Int
    let heap: HeapBound
    /// Valid inputs to begin with, beside the corpus in the tree.
    let seeds: @Sendable () throws -> [[UInt8]]
    let run: @Sendable ([UInt8]) throws -> Void

    init(
        _ name: String, longest: Int = 4096, weight: Int = 1, heap: HeapBound = HeapBound(),
        seeds: @escaping @Sendable () throws -> [[UInt8]] = { [] },
        run: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.name = name
        self.longest = longest
        self.weight = weight
        self.heap = heap
        self.seeds = seeds
        self.run = run
    }
}

/// How much a target may hold at a time.
struct HeapBound: Sendable {
    var each = 64
    var fixed = 256 << 10

    func bytes(of count: Int) -> Int { each * count + fixed }
}

/// Ends the process as a trap does: libFuzzer keeps the input.
func finding(_ message: String) -> Never { fatalError("finding: \(message)") }

func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { finding(message()) }
}

extension Target {
    /// In the order of the report.
    static let all: [Target] = wire + messages + texts + files + tokens

    private static let wire: [Target] = [
        .frames, .server, .client, .requestEnvelope, .responseEnvelope,
    ]
    private static let texts: [Target] = [
        .json, .pipelineFile, .generationStore, .schedulerName,
    ]
    private static let files: [Target] = [
        .safetensors, .safetensorsHeader, .pytorch, .pytorchPickle, .gguf, .elf, .png, .jpeg,
    ]
    private static let tokens: [Target] = [
        .llamaText, .llamaModel, .clipText, .clipModel, .bytePairText, .bytePairFile,
    ]
}

/// Something that every execution uses, and that cannot fail unless the harness is wrong.
func kept<Value>(_ make: () throws -> Value) -> Value {
    voken_keep_begin()
    defer { voken_keep_end() }
    do { return try make() } catch { finding("\(error)") }
}
