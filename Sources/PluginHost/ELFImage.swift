/// What the host reads of a shared library's bytes before any of its code can run.
///
/// The bytes are anyone's: every offset and count is checked against the file's size before it is
/// followed. That also catches a file cut short, on which `dlopen` itself would die of SIGBUS.
/// Layouts: System V ABI, "Object Files", for 64-bit little-endian x86-64 and AArch64.
struct ELFImage {
    /// The compiler named in the plugin's note; `nil` if the note is missing.
    private(set) var compiler: String?
    /// Names of the dynamic symbols that others must define, and those it defines itself; of those
    /// that begin as in ``Symbol/prefixes``.
    private(set) var undefined: Set<String> = []
    private(set) var defined: Set<String> = []
    /// Bytes of address space that its segments take.
    private(set) var mappedBytes = 0

    private let bytes: [UInt8]
    private var noteBytes = 0

    /// Why bytes are not a shared library that can be mapped.
    struct Malformed: Error, CustomStringConvertible {
        let code: PluginError.Code
        let description: String

        init(_ code: PluginError.Code, _ description: String) {
            self.code = code
            self.description = description
        }

        init(_ description: String) { self.init(.notELF, description) }
    }

    init(_ bytes: [UInt8]) throws(Malformed) {
        self.bytes = bytes
        guard bytes.starts(with: Header.magic) else { throw Malformed("not an ELF file") }
        guard bytes.count >= Header.size else { throw Malformed(.truncated, "cut short") }
        guard bytes[4] == Header.class64, bytes[5] == Header.littleEndian else {
            throw Malformed("not a 64-bit little-endian ELF file")
        }
        guard try integer(at: 16, UInt16.self) == Header.sharedObject else {
            throw Malformed("an ELF file, but not a shared library")
        }
        guard try integer(at: 18, UInt16.self) == Header.machine else {
            throw Malformed(.otherProcessor, "built for another processor")
        }
        try readSegments()
        try readSections()
    }

    /// The program headers: what `dlopen` maps, and the notes among it.
    private mutating func readSegments() throws(Malformed) {
        let table = try table(
            at: integer(at: 32, UInt64.self), count: integer(at: 56, UInt16.self),
            entry: integer(at: 54, UInt16.self), atLeast: 56, "program headers")
        for at in table {
            let type = try integer(at: at, UInt32.self)
            let segment = try range(
                at: integer(at: at + 8, UInt64.self), count: integer(at: at + 32, UInt64.self),
                "a segment")
            if type == Segment.note { try readNotes(segment) }
            if type == Segment.load {
                let size = try integer(at: at + 40, UInt64.self)
                mappedBytes = Int(clamping: min(size, 1 << 40) + UInt64(mappedBytes))
            }
        }
    }

    /// The section headers, which a linker writes last: a table within the file means that the
    /// file is whole. The dynamic symbol table survives `strip`.
    private mutating func readSections() throws(Malformed) {
        let table = try table(
            at: integer(at: 40, UInt64.self), count: integer(at: 60, UInt16.self),
            entry: integer(at: 58, UInt16.self), atLeast: 64, "section headers")
        var hasSymbols = false
        for at in table {
            let type = try integer(at: at + 4, UInt32.self)
            if type == Section.withoutContents { continue }
            let contents = try section(at: at)
            guard type == Section.dynamicSymbols else { continue }
            guard !hasSymbols else { throw Malformed("two tables of dynamic symbols") }
            hasSymbols = true
            let link = Int(try integer(at: at + 40, UInt32.self))
            guard link < table.count else { throw Malformed("symbols without names") }
            try readSymbols(contents, names: section(at: table[link]))
        }
    }

    private func section(at header: Int) throws(Malformed) -> Range<Int> {
        try range(
            at: integer(at: header + 24, UInt64.self), count: integer(at: header + 32, UInt64.self),
            "a section")
    }

    private mutating func readSymbols(
        _ symbols: Range<Int>, names: Range<Int>
    ) throws(Malformed) {
        let entry = 24
        var found = 0
        for at in stride(from: symbols.lowerBound, to: symbols.upperBound - entry + 1, by: entry) {
            let start = names.lowerBound + Int(try integer(at: at, UInt32.self))
            guard start < names.upperBound else { throw Malformed("a symbol without a name") }
            let rest = bytes[start..<names.upperBound]
            guard Symbol.prefixes.contains(where: { rest.starts(with: $0.utf8) }) else { continue }
            // Names may overlap: without limits, a small file could say many long ones.
            let name = rest.prefix(Symbol.longest + 1).prefix { $0 != 0 }
            guard name.count <= Symbol.longest else { throw Malformed("an endless symbol name") }
            found += 1
            guard found <= Symbol.most else { throw Malformed("too many symbols of Stages") }
            let home = try integer(at: at + 6, UInt16.self)
            let text = String(decoding: name, as: UTF8.self)
            if home == Symbol.undefined { undefined.insert(text) } else { defined.insert(text) }
        }
    }

    private mutating func readNotes(_ segment: Range<Int>) throws(Malformed) {
        // Any number of segments may be of the same bytes.
        noteBytes += segment.count
        guard noteBytes <= Note.most else {
            throw Malformed("notes of more than \(Note.most) bytes")
        }
        var at = segment.lowerBound
        while at + 12 <= segment.upperBound {
            let nameSize = Int(try integer(at: at, UInt32.self))
            let size = Int(try integer(at: at + 4, UInt32.self))
            let type = try integer(at: at + 8, UInt32.self)
            let name = at + 12
            let descriptor = name + padded(nameSize)
            let next = descriptor + padded(size)
            guard next <= segment.upperBound else { return }
            if bytes[name..<descriptor].prefix(while: { $0 != 0 }).elementsEqual(Note.owner.utf8) {
                guard type == Note.version else {
                    throw Malformed(
                        .noNote,
                        "a plugin note of version \(type), not \(Note.version)")
                }
                compiler = String(
                    decoding: bytes[descriptor..<descriptor + size].prefix { $0 != 0 },
                    as: UTF8.self)
            }
            at = next
        }
    }

    private func padded(_ size: Int) -> Int { (size + 3) / 4 * 4 }

    /// The offsets of a table's entries.
    private func table(
        at offset: UInt64, count: UInt16, entry: UInt16, atLeast minimum: Int, _ what: String
    ) throws(Malformed) -> [Int] {
        let entry = Int(entry)
        guard count > 0, entry >= minimum else { throw Malformed("no \(what)") }
        let range = try range(at: offset, count: UInt64(Int(count) * entry), what)
        return (0..<Int(count)).map { range.lowerBound + $0 * entry }
    }

    private func range(
        at offset: UInt64, count: UInt64, _ what: String
    ) throws(Malformed) -> Range<Int> {
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard !overflow, end <= UInt64(bytes.count) else {
            throw Malformed(
                .truncated, "\(what) lies past the end of the file: damaged, or not all there")
        }
        return Int(offset)..<Int(end)
    }

    private func integer<Value: FixedWidthInteger>(
        at offset: Int, _ type: Value.Type
    ) throws(Malformed) -> Value {
        let width = Value.bitWidth / 8
        guard offset >= 0, offset <= bytes.count - width else {
            throw Malformed(.truncated, "cut short")
        }
        var value: Value = 0
        for byte in bytes[offset..<offset + width].reversed() { value = value << 8 | Value(byte) }
        return value
    }
}

private enum Header {
    static let size = 64
    static let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]
    static let class64: UInt8 = 2
    static let littleEndian: UInt8 = 1
    static let sharedObject: UInt16 = 3
    #if arch(x86_64)
        static let machine: UInt16 = 62
    #elseif arch(arm64)
        static let machine: UInt16 = 183
    #endif
}

private enum Segment {
    static let load: UInt32 = 1
    static let note: UInt32 = 4
}

private enum Section {
    static let withoutContents: UInt32 = 8
    static let dynamicSymbols: UInt32 = 11
}

private enum Symbol {
    /// The entry point and the stamp of Kit; what is used of the module `Stages`.
    static let prefixes = ["voken_", "$s6Stages"]
    static let undefined: UInt16 = 0
    /// Of a name, in bytes, and of such names: Kit itself has hundreds, plugins have tens.
    static let longest = 4096
    static let most = 16_384
}

/// As in `plugin_abi.h`.
private enum Note {
    static let owner = "Voken"
    static let version: UInt32 = 1
    /// Of all notes, in bytes; linkers write some hundreds.
    static let most = 1 << 20
}
