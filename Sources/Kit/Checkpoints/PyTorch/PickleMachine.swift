/// Runs the pickle of a PyTorch checkpoint: the stack machine of PEP 307, with an allow-list of
/// operations (``PickleOpcode``) and of globals (``TorchGlobal``). Whatever else would be called
/// is not: its result is an opaque value.
struct PickleMachine {
    typealias Reference = PickleValues.Reference

    var values = PickleValues()
    /// The names of the classes and functions that were passed over.
    var ignored: Set<String> = []
    private var reader: ByteReader
    private var stack = PickleStack()
    private var memo: [UInt32: Reference] = [:]
    let archive: TorchArchive
    /// Of the operation that is carried out.
    private(set) var offset = 0

    static let maximumBytes = 16 << 20

    init(_ archive: TorchArchive) throws(CheckpointError) {
        self.archive = archive
        reader = ByteReader(archive.file, archive.pickle, of: "data.pkl")
        guard archive.pickle.count <= Self.maximumBytes else {
            throw CheckpointError(
                .overLimit, path: archive.file.path,
                "data.pkl has \(archive.pickle.count) bytes; the limit is \(Self.maximumBytes)")
        }
    }

    /// Runs it to its end.
    /// - Returns: the one object that it leaves.
    mutating func run() throws(CheckpointError) -> Reference {
        while true {
            offset = reader.position - archive.pickle.lowerBound
            let code: UInt8 = try reader.integer()
            guard let opcode = PickleOpcode(rawValue: code) else {
                throw CheckpointError(
                    .unsupported, path: archive.file.path,
                    "data.pkl has the pickle opcode 0x\(String(code, radix: 16)) at byte "
                        + "\(offset), which weights do not need and which is not read")
            }
            if opcode == .stop { break }
            try step(opcode)
        }
        guard let root = stack.pop(), stack.count == 0, !stack.isMarked, reader.remaining == 0
        else { throw malformed("does not end with one object") }
        return root
    }

    private mutating func step(_ opcode: PickleOpcode) throws(CheckpointError) {
        switch opcode {
        case .stop: break
        case .protocolVersion:
            let version: UInt8 = try reader.integer()
            guard (2...5).contains(version) else {
                throw malformed("is of pickle protocol \(version); read are 2 to 5")
            }
        case .frame:
            let length: UInt64 = try reader.integer()
            guard length <= UInt64(reader.remaining) else {
                throw malformed("has a frame that ends outside it")
            }
        case .mark:
            guard stack.mark() else {
                throw overLimit("nests deeper than \(PickleStack.maximumNesting)")
            }
        case .pop: _ = try pop()
        case .popMark: _ = try popToMark()
        case .put: try remember(UInt32(reader.integer(as: UInt8.self)))
        case .longPut: try remember(reader.integer())
        case .memoize: try remember(UInt32(memo.count))
        case .get: try recall(UInt32(reader.integer(as: UInt8.self)))
        case .longGet: try recall(reader.integer())
        case .none: try push(.none)
        case .yes: try push(.boolean(true))
        case .no: try push(.boolean(false))
        case .integer8: try push(.integer(Int(reader.integer(as: UInt8.self))))
        case .integer16: try push(.integer(Int(reader.integer(as: UInt16.self))))
        case .integer32: try push(.integer(Int(reader.integer(as: Int32.self))))
        case .long: try push(long())
        case .number:
            let bits: UInt64 = try reader.integer()
            try push(.number(Double(bitPattern: bits.byteSwapped)))
        case .text8: try push(.text(reader.text(UInt64(reader.integer(as: UInt8.self)))))
        case .text32: try push(.text(reader.text(UInt64(reader.integer(as: UInt32.self)))))
        case .text64: try push(.text(reader.text(reader.integer())))
        case .bytes8, .string8: try skipBytes(UInt64(reader.integer(as: UInt8.self)))
        case .bytes32, .string32: try skipBytes(UInt64(reader.integer(as: UInt32.self)))
        case .emptyTuple: try push(.tuple(values.add(items: [])))
        case .tuple: try push(.tuple(values.add(items: Array(popToMark()))))
        case .tuple1: try push(.tuple(values.add(items: Array(pop(1)))))
        case .tuple2: try push(.tuple(values.add(items: Array(pop(2)))))
        case .tuple3: try push(.tuple(values.add(items: Array(pop(3)))))
        case .emptyList: try push(.list(values.add(items: [])))
        case .append: try append(pop(1))
        case .appends: try append(popToMark())
        case .emptyDictionary: try push(.dictionary(values.add(items: [])))
        case .setItem: try setItems(pop(2))
        case .setItems: try setItems(popToMark())
        case .global: try pushGlobal(module: line(), name: line())
        case .stackGlobal:
            let names = Array(try pop(2))
            guard case .text(let module) = values[names[0]], case .text(let name) = values[names[1]]
            else { throw malformed("names a class by something else than strings") }
            try pushGlobal(module: module, name: name)
        case .persistent: try push(archive.storage(try pop(), values))
        case .reduce, .newObject:
            let arguments = try pop()
            try push(call(pop(), arguments))
        case .newObjectWithKeywords:
            _ = try pop(2)
            guard case .opaque(let name) = values[try pop()] else {
                throw malformed("makes an object with keywords of something that is no class")
            }
            try push(.opaque(name))
        case .build:
            _ = try pop()
            // The attributes of an ordered dictionary, such as a state dictionary's `_metadata`,
            // are no items of it.
            switch values[try top()] {
            case .opaque, .dictionary: break
            case let other: throw malformed("gives attributes to \(other.kind)")
            }
        }
    }
}

// What the operations do.
extension PickleMachine {
    mutating func push(_ value: PickleValue) throws(CheckpointError) {
        guard let reference = values.add(value) else {
            throw overLimit("builds more than \(PickleValues.maximumCount) objects")
        }
        try push(reference)
    }

    private mutating func push(_ reference: Reference) throws(CheckpointError) {
        guard stack.push(reference) else {
            throw overLimit("stacks more than \(PickleStack.maximumDepth) objects")
        }
    }

    private func top() throws(CheckpointError) -> Reference {
        guard let top = stack.top else { throw underflow() }
        return top
    }

    private mutating func pop() throws(CheckpointError) -> Reference {
        guard let reference = stack.pop() else { throw underflow() }
        return reference
    }

    private mutating func pop(_ count: Int) throws(CheckpointError) -> ArraySlice<Reference> {
        guard let references = stack.pop(count) else { throw underflow() }
        return references
    }

    private mutating func popToMark() throws(CheckpointError) -> ArraySlice<Reference> {
        guard let references = stack.popToMark() else { throw malformed("lacks a mark") }
        return references
    }

    private mutating func remember(_ index: UInt32) throws(CheckpointError) {
        memo[index] = try top()
    }

    private mutating func recall(_ index: UInt32) throws(CheckpointError) {
        guard let reference = memo[index] else {
            throw malformed("refers to object \(index), which it has not built")
        }
        try push(reference)
    }

    private mutating func append(_ items: ArraySlice<Reference>) throws(CheckpointError) {
        switch values[try top()] {
        case .list(let index): values.append(items, to: index)
        case .opaque: break
        case let other: throw malformed("appends to \(other.kind)")
        }
    }

    private mutating func setItems(_ items: ArraySlice<Reference>) throws(CheckpointError) {
        guard items.count.isMultiple(of: 2) else { throw malformed("has a key without a value") }
        switch values[try top()] {
        case .dictionary(let index): values.append(items, to: index)
        case .opaque: break
        case let other: throw malformed("sets items of \(other.kind)")
        }
    }

    /// An integer of up to 64 bits; a longer one, such as a random generator's state, is opaque.
    private mutating func long() throws(CheckpointError) -> PickleValue {
        let count: UInt8 = try reader.integer()
        let bytes = reader.file.bytes(try reader.skip(Int(count)))
        guard count <= 8 else { return .opaque("int of \(count) bytes") }
        let sign: Int = (bytes.last ?? 0) >= 0x80 ? -1 : 0
        return .integer(bytes.reversed().reduce(sign) { $0 << 8 | Int($1) })
    }

    private mutating func skipBytes(_ count: UInt64) throws(CheckpointError) {
        _ = try reader.skip(count)
        try push(.opaque("bytes"))
    }

    /// Text up to the end of a line.
    private mutating func line() throws(CheckpointError) -> String {
        var bytes: [UInt8] = []
        while true {
            let byte: UInt8 = try reader.integer()
            if byte == UInt8(ascii: "\n") { break }
            guard bytes.count < 512 else { throw overLimit("has a class name over 512 bytes") }
            bytes.append(byte)
        }
        guard let line = String(validating: bytes, as: UTF8.self) else {
            throw malformed("has a class name that is not UTF-8")
        }
        return line
    }

    private func underflow() -> CheckpointError { malformed("takes from an empty stack") }

    func malformed(_ message: String) -> CheckpointError {
        reader.malformed("\(message) (at byte \(offset))")
    }

    func overLimit(_ message: String) -> CheckpointError {
        CheckpointError(.overLimit, path: archive.file.path, "data.pkl \(message)")
    }
}
