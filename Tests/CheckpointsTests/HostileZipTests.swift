import Checkpoints
import Foundation
import TestSupport
import Testing

/// Zip files whose parts contradict each other: each is refused by name.
struct HostileZipTests {
    private typealias Entry = ZipBuilder.Entry

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let state = Pickled.program(Pickled.dictionary([("a", Pickled.tensor())]))
    private static var valid: ZipBuilder {
        ZipBuilder(pickle: state, storages: ["0": [UInt8](repeating: 0, count: 16)])
    }

    private func open(_ bytes: [UInt8]) throws -> PyTorchCheckpoint {
        try folder.write("w.pt", bytes)
        return try PyTorchCheckpoint(path: folder.path + "/w.pt")
    }

    private func refuses(
        _ code: CheckpointError.Code, _ reason: String,
        sourceLocation: SourceLocation = #_sourceLocation, _ edit: (inout ZipBuilder) -> Void
    ) {
        var zip = Self.valid
        edit(&zip)
        expectError(code, reason, sourceLocation: sourceLocation) { try open(zip.contents) }
    }

    @Test func acceptsWhatTheOthersAreMadeOf() throws {
        #expect(try open(Self.valid.contents).names == ["a"])
        var wide = Self.valid
        wide.isWide = true
        #expect(try open(wide.contents).names == ["a"])
        // All of it in the 64-bit fields.
        (wide.count, wide.directorySize, wide.directoryOffset) = (.max, .max, .max)
        let offset = UInt64(wide.entries[0].data.count + 30 + 10 + 16)
        wide.entries[1].extra = bytes(1, 24 as UInt16) + bytes(16, 16, offset)
        (wide.entries[1].size, wide.entries[1].packedSize) = (.max, .max)
        wide.entries[1].offset = .max
        #expect(try open(wide.contents).names == ["a"])
        var marked = Self.valid
        marked.entries.append(Entry("w/byteorder", Array("little".utf8)))
        marked.entries[1].flags = 0
        marked.entries[1].localSize = 16
        #expect(try open(marked.contents).names == ["a"])
    }

    @Test func refusesWhatIsNoZip() {
        for bytes in [[], [0], Array("PK".utf8), Array("not a zip file at all, in any way".utf8)] {
            expectError(.malformed, "not a zip file") { try open(bytes) }
        }
        expectError(.unsupported, "before torch 1.6") { try open([0x80, 2, 0x8a, 10]) }
        expectError(.malformed, "no end record") { try open([0x50, 0x4b, 3, 4]) }
    }

    @Test func refusesEndRecordsThatLie() {
        refuses(.malformed, "no end record") { $0.comment = [1, 2] }
        refuses(.malformed, "of several disks") { $0.disk = 1 }
        refuses(.malformed, "two counts") { $0.otherCount = 1 }
        refuses(.malformed, "after its 1 entries") { $0.count = 1 }
        refuses(.malformed, "truncated: the central directory") { $0.count = 3 }
        refuses(.malformed, "does not end at its end record") { $0.directorySize = 3 }
        refuses(.malformed, "does not end at its end record") { $0.directoryOffset = 3 }
        refuses(.malformed, "does not end at its end record") { $0.directoryOffset = .max }
        refuses(.malformed, "does not end at its end record") { $0.gap = [0] }
        refuses(.malformed, "no header at byte") { $0.entries[0].signature = 0 }
    }

    @Test func refusesWideRecordsThatLie() {
        func refuses(
            _ code: CheckpointError.Code, _ reason: String,
            sourceLocation: SourceLocation = #_sourceLocation, _ edit: (inout ZipBuilder) -> Void
        ) {
            self.refuses(code, reason, sourceLocation: sourceLocation) {
                $0.isWide = true
                edit(&$0)
            }
        }
        refuses(.malformed, "disagree") { $0.count = 1 }
        refuses(.malformed, "disagree") { $0.wideCount = 3 }
        refuses(.malformed, "disagree") { $0.wideOffset = 3 }
        refuses(.malformed, "disagree") { $0.directorySize = 3 }
        refuses(.malformed, "does not point") { $0.wideStart = 0 }
        refuses(.malformed, "does not point") { $0.wideStart = .max }
        refuses(.malformed, "several disks") { $0.wideDisk = 2 }
        refuses(.malformed, "no proper beginning") { $0.wideRecordSize = 1 << 40 }
        refuses(.overLimit, "zip entries; the limit") {
            ($0.wideCount, $0.count) = (1 << 40, .max)
        }
        refuses(.malformed, "does not end at its end record") {
            ($0.wideOffset, $0.directoryOffset) = (.max, .max)
        }
        refuses(.malformed, "lacks a zip64 size") { $0.entries[1].offset = .max }
        refuses(.malformed, "lacks a zip64 size") { $0.entries[1].localSize = .max }
        refuses(.malformed, "begins at byte") {
            $0.entries[1].offset = .max
            $0.entries[1].extra = bytes(1, 8 as UInt16) + bytes(UInt64.max)
        }
    }

    @Test func refusesOtherKindsOfEntries() {
        refuses(.unsupported, "compressed (deflate)") { $0.entries[1].method = 8 }
        refuses(.unsupported, "compressed (method 77)") { $0.entries[1].method = 77 }
        refuses(.unsupported, "encrypted") { $0.entries[1].flags = 0x0809 }
        refuses(.unsupported, "of flags 0x828") { $0.entries[1].flags = 0x0828 }
        refuses(.malformed, "two sizes") { $0.entries[1].packedSize = 3 }
        refuses(.malformed, "another disk") { $0.entries[1].disk = 2 }
    }

    @Test(arguments: [
        "/etc/passwd", "../w/data/1", "w/../../x", "w\\data", "w//x", "w/x/", "..", "w/\0",
    ])
    func refusesNamesThatLeadOut(name: String) {
        refuses(.malformed, "leads out of the archive") { $0.entries.append(Entry(name)) }
    }

    @Test func refusesOtherNames() {
        refuses(.malformed, "occurs twice") { $0.entries.append($0.entries[1]) }
        refuses(.overLimit, "has 0 bytes") { $0.entries[1].name = [] }
        refuses(.overLimit, "has 513 bytes") {
            $0.entries[1].name = [UInt8](repeating: 0x61, count: 513)
        }
        refuses(.malformed, "not UTF-8") { $0.entries[1].name = [0xff] }
    }

    @Test func refusesLocalHeadersThatDisagree() {
        refuses(.malformed, "is not there") { $0.entries[1].localSignature = 0 }
        refuses(.malformed, "something else") { $0.entries[1].localName = Array("w/data/1".utf8) }
        refuses(.malformed, "something else") { $0.entries[1].localName = Array("w".utf8) }
        refuses(.malformed, "something else") { $0.entries[1].localFlags = 0 }
        refuses(.malformed, "another size") { $0.entries[1].localSize = 15 }
        refuses(.malformed, "the local header of w/data/0 ends") {
            ($0.entries[1].size, $0.entries[1].packedSize) = (1 << 30, 1 << 30)
        }
        refuses(.malformed, "the central directory at") { $0.entries[1].offset = 1 << 30 }
    }

    @Test func refusesEntriesThatOverlap() {
        refuses(.malformed, "overlaps") {
            // A second header, inside the contents of the first entry.
            var inner = Entry("w/data/1")
            inner.flags = 0
            let place = $0.entries[0].data.count + 30 + 10 + 16 + 30 + 8
            $0.entries[1].data = Array(ZipBuilder([inner]).contents.prefix(30 + 8))
            inner.offset = UInt32(place)
            $0.entries.append(inner)
        }
    }

    @Test func refusesOtherArchives() {
        refuses(.malformed, "0 records data.pkl") { $0.entries[0].name = Array("w/data.txt".utf8) }
        refuses(.malformed, "0 records data.pkl") {
            $0.entries[0].name = Array("a/b/data.pkl".utf8)
        }
        refuses(.malformed, "2 records data.pkl") { $0.entries.append(Entry("v/data.pkl")) }
        refuses(.unsupported, "TorchScript") { $0.entries.append(Entry("w/constants.pkl")) }
        refuses(.unsupported, "of byte order \"big\"") {
            $0.entries.append(Entry("w/byteorder", Array("big".utf8)))
        }
        refuses(.unsupported, "of byte order") {
            $0.entries.append(Entry("w/byteorder", [UInt8](repeating: 0xff, count: 100)))
        }
    }

    @Test func refusesEveryTruncation() throws {
        let whole = Array(try Data(contentsOf: fixture("checkpoints/protocol4.bin")))
        for length in 0..<whole.count {
            #expect(throws: CheckpointError.self, "cut at \(length)") {
                try open(Array(whole[..<length]))
            }
        }
    }

    /// A damaged file is refused, or all its tensors can be read.
    @Test func survivesDamage() throws {
        let whole = Self.valid.contents
        var generator = SplitMix(state: 7)
        var refused = 0
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                    UInt8.random(in: 0...255, using: &generator)
            }
            do {
                let file = try open(bytes)
                for name in file.names {
                    if let weight = file.weight(named: name) {
                        #expect(weight.tensor().count == weight.shape.count)
                    }
                }
            } catch { refused += 1 }
        }
        #expect(refused > 1000)
    }
}
