import Foundation
import Layers
import Tensors
import Testing

@testable import Checkpoints

/// Folders that are opened beside one that is open, and weights from elsewhere.
struct ReopenedFolderTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("config.json", "{}")
        try folder.write("a.safetensors", ["a": [1, 2]])
        try folder.write("b.safetensors", ["b": [3]])
    }

    @Test func sharesFilesThatAreTheSame() throws {
        let first = try ModelFolder.open(folder.path)
        let second = try ModelFolder.open(folder.path, reusing: first)
        try #expect(shared(first, second) == [true, true])
        #expect(second.weightFiles == first.weightFiles)
        #expect(second.weightsHash == first.weightsHash)
        #expect(try second.parameters.tensor("a", [2]).values == [1, 2])
        // Without the other folder, files are mapped again.
        try #expect(shared(first, ModelFolder.open(folder.path)) == [false, false])
    }

    @Test func remembersWhatWasReadApart() throws {
        let first = try ModelFolder.open(folder.path)
        _ = try first.parameters.tensor("a", [2])
        _ = try first.parameters.tensor("b", [1])
        try first.requireAllRead()
        let second = try ModelFolder.open(folder.path, reusing: first)
        #expect(throws: ParameterError(.unused, name: "a", others: 1)) {
            try second.requireAllRead()
        }
        _ = try second.parameters.tensor("b", [1])
        #expect(throws: ParameterError(.unused, name: "a")) { try second.requireAllRead() }
        try first.requireAllRead()
    }

    @Test func mapsAReplacedFileAnew() throws {
        let first = try ModelFolder.open(folder.path)
        let hash = first.weightsHash
        try folder.write("b.safetensors", ["b": [4]])
        let second = try ModelFolder.open(folder.path, reusing: first)
        try #expect(shared(first, second) == [true, false])
        #expect(try first.parameters.tensor("b", [1]).values == [3])
        #expect(try second.parameters.tensor("b", [1]).values == [4])
        #expect(first.weightsHash == hash)
        #expect(second.weightsHash != hash)
        #expect(try second.weightsHash == ModelFolder.open(folder.path).weightsHash)
    }

    /// The same inode and size; the time tells.
    @Test func mapsAFileThatWasWrittenToAnew() throws {
        let first = try ModelFolder.open(folder.path)
        let path = folder.path + "/b.safetensors"
        let date = Date(timeIntervalSince1970: 1_000_000_000)
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
        let second = try ModelFolder.open(folder.path, reusing: first)
        try #expect(shared(first, second) == [true, false])
        let third = try ModelFolder.open(folder.path, reusing: second)
        try #expect(shared(second, third) == [true, true])
    }

    @Test func namesAFileThatIsGone() throws {
        try folder.write("model.safetensors.index.json", #"{"weight_map": {"a": "a.safetensors"}}"#)
        let first = try ModelFolder.open(folder.path)
        try FileManager.default.removeItem(atPath: folder.path + "/a.safetensors")
        expectError(.notFound, "a.safetensors") {
            try ModelFolder.open(folder.path, reusing: first)
        }
        #expect(try first.parameters.tensor("a", [2]).values == [1, 2])
    }

    @Test func sharesShards() throws {
        try folder.write(
            "model.safetensors.index.json",
            #"{"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}"#)
        let first = try ModelFolder.open(folder.path)
        let second = try ModelFolder.open(folder.path, reusing: first)
        try #expect(shared(first, second) == [true, true])
    }

    @Test func countsMappedBytes() throws {
        let sizes = try ["a", "b"].map { try folder.read($0 + ".safetensors").count }
        #expect(try ModelFolder.open(folder.path).mappedBytes == sizes[0] + sizes[1])
        let one = try ModelFolder.open(folder.path, weights: folder.path + "/b.safetensors")
        #expect(one.mappedBytes == sizes[1])
        #expect(ModelFolder.recording(configuration: Settings([:])).folder.mappedBytes == 0)
    }

    @Test func takesWeightsFromElsewhere() throws {
        let elsewhere = try TemporaryFolder()
        try elsewhere.write("trained.safetensors", ["c": [5]])
        let weights = elsewhere.path + "/trained.safetensors"
        let own = try ModelFolder.open(folder.path)
        #expect(own.weightsOverride == nil)
        let other = try ModelFolder.open(folder.path, weights: weights, reusing: own)
        #expect(other.weightsOverride == weights)
        #expect(other.weightFiles == [weights])
        #expect(other.parameters.contains("c") && !other.parameters.contains("a"))
        #expect(
            try other.weightsHash == SHA256.hash(elsewhere.read("trained.safetensors")))
        let again = try ModelFolder.open(folder.path, weights: weights, reusing: other)
        try #expect(shared(other, again) == [true])
        // The folder's own file of the same path is the same file.
        let part = try ModelFolder.open(
            folder.path, weights: folder.path + "/a.safetensors", reusing: own)
        let file = try #require(part.store?.files.first)
        #expect(file === own.store?.files.first)
    }

    @Test func namesWhatIsWrongWithWeightsFromElsewhere() throws {
        let weights = folder.path + "/a.safetensors"
        expectError(.notFound, "absent.safetensors") {
            try ModelFolder.open(folder.path, weights: folder.path + "/absent.safetensors")
        }
        expectError(.unreadable, "not a regular file") {
            try ModelFolder.open(folder.path, weights: folder.path)
        }
        let empty = try TemporaryFolder()
        expectError(.notFound, "config.json") {
            try ModelFolder.open(empty.path, weights: weights)
        }
        try empty.write("scheduler_config.json", "{}")
        expectError(.unsupported, "scheduler's folder, which has no weights to replace") {
            try ModelFolder.open(empty.path, weights: weights)
        }
        let scheduler = try ModelFolder.open(empty.path, reusing: ModelFolder.open(folder.path))
        #expect(scheduler.weightFiles.isEmpty)
        #expect(scheduler.mappedBytes == 0)
    }

    /// For each weight file of both folders, whether it is one object.
    private func shared(_ first: ModelFolder, _ second: ModelFolder) throws -> [Bool] {
        let (files, others) = (
            try #require(first.store).files, try #require(second.store).files
        )
        try #require(files.count == others.count)
        return zip(files, others).map { $0 === $1 }
    }
}
