import Testing

@testable import PluginHost

/// Small files that would keep a reader busy for hours.
@Suite struct HostileELFTests {
    /// A shared library of program headers, section headers, and data that both refer to.
    private func image(segments: [Segment], sections: [Section], data: [UInt8]) -> [UInt8] {
        let headers = 64 + 56 * segments.count
        let start = headers + 64 * sections.count
        #if arch(x86_64)
            let machine = 62
        #else
            let machine = 183
        #endif
        var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1] + [UInt8](repeating: 0, count: 58)
        func put(_ value: Int, _ width: Int, at place: Int) {
            for byte in 0..<width {
                bytes[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte))
            }
        }
        put(3, 2, at: 16)
        put(machine, 2, at: 18)
        put(64, 8, at: 32)
        put(headers, 8, at: 40)
        for (value, place) in [(56, 54), (segments.count, 56), (64, 58), (sections.count, 60)] {
            put(value, 2, at: place)
        }
        bytes += [UInt8](repeating: 0, count: start - 64)
        for (index, segment) in segments.enumerated() {
            put(segment.type, 4, at: 64 + 56 * index)
            put(start, 8, at: 64 + 56 * index + 8)
            put(segment.count, 8, at: 64 + 56 * index + 32)
        }
        for (index, section) in sections.enumerated() {
            let place = headers + 64 * index
            put(section.type, 4, at: place + 4)
            put(start + section.range.lowerBound, 8, at: place + 24)
            put(section.range.count, 8, at: place + 32)
            put(section.link, 4, at: place + 40)
        }
        return bytes + data
    }

    private struct Segment {
        var type = 4  // notes
        var count = 0
    }

    private struct Section {
        var type = 11  // dynamic symbols
        var range = 0..<0
        /// The section of their names.
        var link = 0
    }

    private func refusal(_ bytes: [UInt8]) -> String? {
        do throws(ELFImage.Malformed) {
            _ = try ELFImage(bytes)
            return nil
        } catch {
            return error.description
        }
    }

    /// Symbols that all have the one name there is.
    private func symbols(_ count: Int, name: String) -> (sections: [Section], data: [UInt8]) {
        let names = Array(name.utf8) + [0]
        let table = names.count..<names.count + 24 * count
        return (
            [Section(range: table, link: 1), Section(type: 3, range: 0..<names.count)],
            names + [UInt8](repeating: 0, count: table.count)
        )
    }

    @Test func symbolNamesAreBounded() {
        let good = symbols(3, name: "voken_plugin")
        #expect(
            refusal(image(segments: [Segment()], sections: good.sections, data: good.data)) == nil)
        let long = symbols(1, name: "voken_" + String(repeating: "x", count: 4096))
        #expect(
            refusal(image(segments: [Segment()], sections: long.sections, data: long.data))
                == "an endless symbol name")
        let many = symbols(16_385, name: "voken_x")
        #expect(
            refusal(image(segments: [Segment()], sections: many.sections, data: many.data))
                == "too many symbols of Stages")
    }

    @Test func aSecondSymbolTableIsRefused() {
        let (sections, data) = symbols(1, name: "voken_x")
        let twice = [sections[0], sections[1], sections[0]]
        #expect(
            refusal(image(segments: [Segment()], sections: twice, data: data))
                == "two tables of dynamic symbols")
    }

    @Test func notesAreBounded() {
        let data = [UInt8](repeating: 0, count: 64 << 10)
        let notes = [Segment](repeating: Segment(count: data.count), count: 17)
        let sections = [Section(type: 8)]
        #expect(refusal(image(segments: Array(notes[1...]), sections: sections, data: data)) == nil)
        #expect(
            refusal(image(segments: notes, sections: sections, data: data))
                == "notes of more than 1048576 bytes")
    }
}
