import Foundation
import Pipelines
import Stories
import Testing

private func temporaryFolder() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appending(path: "voken-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
}

private let picture = StoryImage(
    index: 1, width: 64, height: 64, png: [1, 2, 3], sha256: "00",
    recipe: [RecipeEntry(key: "seed", value: "7 & <8>")])

@Suite struct StoryFolderTests {
    @Test func writesPicturesAndAPageInOrder() throws {
        let folder = try temporaryFolder().appending(path: "a/b")
        let story = try StoryFolder(path: folder.path, prompt: "A <fox> & \"friends\"")
        try story.record(.sceneBegan(index: 1, of: 1))
        try story.record(.text("A fox "))
        try story.record(.text("<ran>."))
        let file = try story.record(.imageFinished(picture))
        try story.record(
            .finished(StorySummary(scenes: 1, images: 1, tokens: 3, milliseconds: 1234)))

        #expect(file == folder.path + "/001.png")
        #expect(try Data(contentsOf: folder.appending(path: "001.png")) == Data([1, 2, 3]))
        let page = try String(contentsOf: folder.appending(path: "story.html"), encoding: .utf8)
        #expect(page.contains("<title>A &lt;fox&gt; &amp; &quot;friends&quot;</title>"))
        let text = try #require(page.range(of: "<p>A fox &lt;ran&gt;.</p>"))
        let image = try #require(page.range(of: "src=\"001.png\""))
        #expect(text.lowerBound < image.lowerBound)
        #expect(page.contains("<dd>7 &amp; &lt;8&gt;</dd>"))
        #expect(page.contains("1 scene, 1 picture, 1.2 s"))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["001.png", "story.html"], "no temporary file is left")
    }

    @Test func aStoryIsNotReplacedUnasked() throws {
        let folder = try temporaryFolder()
        let story = try StoryFolder(path: folder.path, prompt: "one")
        try story.record(.failed(RequestError(.invalid, "refused")))
        #expect(!FileManager.default.fileExists(atPath: story.pagePath), "nothing was told")
        try story.record(.sceneBegan(index: 1, of: 1))
        try story.record(.text("A fox."))
        try story.record(.failed(RequestError(.cancelled, "cancelled at step 3")))
        let error = #expect(throws: StoryError.self) {
            try StoryFolder(path: folder.path, prompt: "two")
        }
        #expect(error?.message.contains("--force") == true)
        _ = try StoryFolder(path: folder.path, prompt: "two", overwrite: true)
        let page = try String(contentsOf: folder.appending(path: "story.html"), encoding: .utf8)
        #expect(page.contains("cancelled at step 3"))
        #expect(StoryFolder.unusedPath(folder.path) == folder.path + "-2")
    }

    @Test func aFileInTheWayIsNamed() throws {
        let file = try temporaryFolder().appending(path: "file")
        try Data().write(to: file)
        let error = #expect(throws: StoryError.self) {
            try StoryFolder(path: file.appending(path: "below").path, prompt: "x")
        }
        #expect(error?.message.contains(file.path) == true)
    }

    @Test func linesAreNumberedJSON() throws {
        var lines = StoryLines()
        let first = lines.line(.text("a \"b\"\n"))
        let second = lines.line(.imageFinished(picture), file: "out/001.png")
        #expect(first == #"{"seq":1,"text":"a \"b\"\n","type":"text"}"#)
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(second.utf8)) as? [String: Any])
        #expect(object["seq"] as? Int == 2)
        #expect(object["path"] as? String == "out/001.png")
        #expect(object["recipe"] as? [String: String] == ["seed": "7 & <8>"])
    }
}
