import Checkpoints
import Foundation
import Testing

@testable import ModelImport

@Suite struct JournalTests {
    private let path = NSTemporaryDirectory() + "voken-journal-" + UUID().uuidString

    @Test func onlyWholeLinesOfTheSamePlanCount() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            let journal = try Journal(path: path)
            try journal.begin("plan-a")
            try journal.note(.init(file: "unet/model.safetensors", end: 128, digest: "d1"))
            try journal.note(.init(file: "unet/model.safetensors", end: 256, digest: "d2"))
            // Nobody else writes meanwhile.
            #expect(throws: ImportError.self) { try Journal(path: path) }
        }
        var text = try String(contentsOfFile: path, encoding: .utf8)
        text.removeLast(3)
        try Data(text.utf8).write(to: URL(filePath: path))
        do {
            let journal = try Journal(path: path)
            try journal.begin("plan-a")
            #expect(journal.marks.map(\.end) == [128])
            #expect(journal.marks[0].digest == "d1")
            // What was cut short spoils nothing that comes after it.
            try journal.note(.init(file: "unet/model.safetensors", end: 256, digest: "d3"))
        }
        do {
            let journal = try Journal(path: path)
            #expect(journal.marks.map(\.digest) == ["d1", "d3"])
            #expect(journal.marks.allSatisfy { $0.file == "unet/model.safetensors" })
            try journal.begin("plan-b")
            #expect(journal.marks.isEmpty)
        }
        #expect(try Journal(path: path).marks.isEmpty)
    }
}
