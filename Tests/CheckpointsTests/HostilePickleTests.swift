import Checkpoints
import Foundation
import TestSupport
import Testing

/// Pickles that ask for more than tensors, or contradict themselves: each is refused by name.
struct HostilePickleTests {
    private typealias P = Pickled

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(_ pickle: [UInt8]) throws -> PyTorchCheckpoint {
        let zip = ZipBuilder(pickle: pickle, storages: ["0": [UInt8](repeating: 0, count: 16)])
        try folder.write("w.pt", zip.contents)
        return try PyTorchCheckpoint(path: folder.path + "/w.pt")
    }

    private func refuses(
        _ code: CheckpointError.Code, _ reason: String, _ body: [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expectError(code, reason, sourceLocation: sourceLocation) { try open(P.program(body)) }
    }

    @Test func acceptsWhatTheOthersAreMadeOf() throws {
        let file = try open(P.program(P.dictionary([("a", P.tensor([2, 2], [1, 2]))])))
        #expect(file.weight(named: "a")?.tensor().values == [0, 0, 0, 0])
    }

    @Test(arguments: [
        ("os", "system"), ("posix", "system"), ("nt", "system"), ("builtins", "eval"),
        ("builtins", "exec"), ("__builtin__", "eval"), ("builtins", "__import__"),
        ("subprocess", "Popen"), ("os.path", "join"), ("sys", "exit"), ("shutil", "rmtree"),
        ("runpy", "_run_code"), ("importlib", "import_module"), ("socket", "socket"),
    ])
    func refusesCallsOfCode(module: String, name: String) throws {
        let call = P.call(module, name, [P.text("touch \(folder.path)/ran")])
        let reason = "asks for \(module).\(name) at byte"
        refuses(.unsupported, reason, call)
        refuses(.unsupported, reason, P.dictionary([("a", P.tensor()), ("b", call)]))
        let beside = P.dictionary([("state_dict", P.dictionary([("a", P.tensor())])), ("b", call)])
        refuses(.unsupported, reason, beside)
        let onStack = P.text(module) + P.text(name) + [0x93] + P.tuple([]) + Array("R".utf8)
        refuses(.unsupported, "asks for \(module).\(name)", onStack)
        #expect(try folder.names == ["w.pt"])
    }

    /// Beside the state dictionary they are passed over, inside it they are named.
    @Test func buildsNoUnknownClass() throws {
        let objects: [[UInt8]] = [
            P.call("evil", "Thing", [P.text("x")]),
            P.global("evil", "Thing") + Array(")".utf8) + [0x81] + P.dictionary([])
                + Array("b".utf8),
            P.global("evil", "Thing") + Array(")}".utf8) + [0x92],
            P.global("evil", "Thing"),
            P.call("evil", "Thing") + Array("(".utf8) + P.none + P.none + Array("u".utf8),
            P.call("evil", "Thing") + P.none + Array("a".utf8),
            P.global("evil", "Thing") + Array(")R)R".utf8),
            P.tensor(
                in: P.tuple([
                    P.text("storage"), P.global("evil", "Thing"), P.text("0"), P.text("cpu"),
                    P.integer(4),
                ]) + Array("Q".utf8)),
            P.call("torch._utils", "_rebuild_parameter", [P.call("evil", "Thing"), P.yes, P.none]),
        ]
        for object in objects {
            let state = P.dictionary([("a", P.tensor())])
            let file = try open(P.program(P.dictionary([("model", state), ("b", object)])))
            #expect(file.names == ["a"])
            #expect(file.ignoredGlobals == ["evil.Thing"])
            refuses(
                .unsupported, "b in its state dictionary is an object of evil.Thing",
                P.dictionary([("a", P.tensor()), ("b", object)]))
            refuses(.unsupported, "holds an object of evil.Thing, not a dictionary", object)
        }
        for (module, name) in [
            ("torch._utils", "_rebuild_qtensor"), ("torch._utils", "_rebuild_tensor"),
            ("torch", "FloatTensor"), ("collections", "defaultdict"),
        ] {
            refuses(
                .unsupported, "object of \(module).\(name)",
                P.dictionary([("a", P.tensor()), ("b", P.call(module, name))]))
        }
        refuses(
            .unsupported, "object of torch.ComplexFloatStorage",
            P.dictionary([("a", P.tensor()), ("b", P.tensor(in: P.storage("ComplexFloatStorage")))])
        )
    }

    @Test(arguments: [
        UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "P"), UInt8(ascii: "I"),
        UInt8(ascii: "F"), UInt8(ascii: "S"), UInt8(ascii: "V"), UInt8(ascii: "p"),
        UInt8(ascii: "g"), UInt8(ascii: "2"), UInt8(ascii: "d"), UInt8(ascii: "l"), 0x82, 0x83,
        0x84, 0x8b, 0x8e, 0x8f, 0x90, 0x91, 0x96, 0x97, 0x98, 0x00, 0xff,
    ])
    func refusesOtherOpcodes(opcode: UInt8) {
        let hex = String(opcode, radix: 16)
        refuses(
            .unsupported, "the pickle opcode 0x\(hex) at byte 3", P.none + [opcode])
    }

    @Test func refusesBrokenStacks() {
        for (body, reason) in [
            ("R", "empty stack"), ("", "does not end"), ("NN", "does not end"), ("N(", "does not"),
            ("N.", "does not end"), ("t", "lacks a mark"), ("u", "lacks a mark"),
            ("N(R", "empty stack"), ("N\u{1}", "opcode 0x1"), ("}(Nu", "key without a value"),
            ("N(NNu", "sets items of None"), ("}Na", "appends to a dictionary"),
            ("NNb", "gives attributes to None"), ("N)R", "calls None"),
            ("NN\u{0}", "opcode 0x0"), ("h\u{0}", "object 0"), ("NQ", "names no storage"),
            (")Q", "names no storage"), ("N0", "does not end"), ("0", "empty stack"),
            ("1", "lacks a mark"), ("q\u{0}", "empty stack"), ("a", "empty stack"),
            ("ccollections\nOrderedDict\n(NtR", "OrderedDict with arguments"),
            ("ctorch._utils\n_rebuild_parameter\n)R", "without its tensor"),
            ("ctorch._utils\n_rebuild_parameter\n(NNNtR", "parameter of None"),
            ("ctorch._utils\n_rebuild_tensor_v2\n)R", "six or seven values"),
            ("ctorch._utils\n_rebuild_tensor_v2\n(NNNNNNtR", "in None, not in a storage"),
        ] {
            expectError(reason.contains("opcode") ? .unsupported : .malformed, reason) {
                try open(P.program(Array(body.utf8)))
            }
        }
        refuses(.malformed, "something else than strings", P.none + P.none + [0x93])
    }

    @Test func refusesValuesThatEndOutside() {
        let long = bytes(UInt64.max)
        for (body, reason) in [
            (Array("X".utf8) + [0xff, 0xff, 0xff, 0xff], "truncated"), ([0x8d] + long, "truncated"),
            ([0x95] + long, "frame that ends outside"), ([0x8a, 0xff], "truncated"),
            (Array("B".utf8) + [0xff, 0xff, 0xff, 0x7f], "truncated"),
            (Array("cevil".utf8), "truncated"), (Array("G\u{0}".utf8), "truncated"),
            (Array("X".utf8) + bytes(2 as UInt32) + [0xc3, 0x28], "not UTF-8"),
            (Array("c".utf8) + [0xff] + Array("\nx\n".utf8), "not UTF-8"),
            ([0x80, 7], "protocol 7"),
            ([0x80, 0], "protocol 0"),
        ] { refuses(.malformed, reason, body) }
        let name = String(repeating: "m", count: 513)
        refuses(.overLimit, "class name over 512", P.global(name, "x"))
    }

    @Test func boundsDepth() throws {
        refuses(.overLimit, "nests deeper", [UInt8](repeating: UInt8(ascii: "("), count: 257))
        let count = 1 << 18 + 1
        refuses(.overLimit, "stacks more", [UInt8](repeating: UInt8(ascii: "N"), count: count))
        // Each in the next: freeing them must not recurse either.
        let tuples = P.none + [UInt8](repeating: 0x85, count: 100_000)
        refuses(.unsupported, "holds a tuple", tuples)
        try folder.write(
            "w.pt", ZipBuilder(pickle: [UInt8](repeating: 0x4e, count: 16 << 20 + 1)).contents)
        expectError(.overLimit, "data.pkl has") {
            try PyTorchCheckpoint(path: folder.path + "/w.pt")
        }
    }

    /// A dictionary that is its own member, and one that is a member of its state dictionary.
    @Test func takesObjectsThatContainThemselves() throws {
        let own = Array("}q\u{0}".utf8) + P.text("state_dict") + Array("h\u{0}s".utf8)
        refuses(.unsupported, "holds no tensors", own)
        let inner = own + P.text("w") + P.tensor() + Array("s".utf8)
        #expect(try open(P.program(inner)).names == ["w"])
    }

    @Test func refusesTensorsOutsideTheirStorage() {
        let huge = 1 << 62
        for (tensor, reason) in [
            (P.tensor([5], [1]), "does not lie in its storage"),
            (P.tensor([4], [1], offset: 1), "does not lie"),
            (P.tensor([2, 2], [4, 1]), "does not"),
            (P.tensor([0], [1], offset: 5), "does not lie"),
            (P.tensor([4], [1], offset: .max), "does not lie"),
            (P.tensor([2, 2], [.max, .max]), "does not lie"),
            (P.tensor([3], [huge]), "does not lie"),
            (P.tensor([huge, 8], [0, 0]), "does not lie"),
            (P.tensor([.max], [0]), "does not lie"),
            (P.tensor([0, huge, 8], [0, 0, 0]), "does not"),
            (P.tensor([4], [1], offset: -1), "without a proper"),
            (P.tensor([-1], [1]), "without a proper"), (P.tensor([2], [-1]), "without a proper"),
            (P.tensor([2, 2], [1]), "without a proper"),
            (P.tensor(in: P.storage(count: 5)), "does not fill its 16 bytes"),
            (P.tensor(in: P.storage(count: 1 << 62)), "does not fill"),
            (P.tensor(in: P.storage(count: -4)), "names no storage"),
            (P.tensor(in: P.storage("DoubleStorage")), "does not fill"),
            (P.tensor(in: P.storage(key: "1")), "storage 1 is not in the archive"),
            (P.tensor(in: P.storage(key: "../data.pkl")), "is not in the archive"),
        ] {
            refuses(.malformed, reason, P.dictionary([("a", tensor)]))
        }
        let nine = [Int](repeating: 1, count: 9)
        refuses(.overLimit, "has 9 axes", P.dictionary([("a", P.tensor(nine, nine))]))
        refuses(
            .overLimit, "repeats 1 elements to",
            P.dictionary([("a", P.tensor([1 << 20, 1 << 20], [0, 0]))]))
    }

    @Test func refusesStateDictionariesThatAreNone() {
        let tensor = P.tensor()
        refuses(.malformed, "tensor a occurs twice", P.dictionary([("a", tensor), ("a", tensor)]))
        let state = P.dictionary([("a", tensor)])
        refuses(
            .malformed, "holds \"model\" twice", P.dictionary([("model", state), ("model", state)]))
        refuses(.overLimit, "a tensor name of 0 bytes", P.dictionary([("", tensor)]))
        let long = String(repeating: "n", count: 513)
        refuses(.overLimit, "a tensor name of 513 bytes", P.dictionary([(long, tensor)]))
        refuses(
            .malformed, "has a number as a key",
            Array("}".utf8) + P.integer(1) + tensor + Array("s".utf8))
        refuses(.unsupported, "holds a tensor, not a dictionary", tensor)
        refuses(.unsupported, #"are "x""#, P.dictionary([("x", state)]))
    }

    @Test func refusesEveryTruncation() {
        let whole = P.program(P.dictionary([("model", P.dictionary([("a", P.tensor())]))]))
        for length in 0..<whole.count {
            #expect(throws: CheckpointError.self, "cut at \(length)") {
                try open(Array(whole[..<length]))
            }
        }
    }
}
