import Checkpoints
import Foundation
import Tensors

/// `voken import` as a user runs it, and what it wrote.
struct Imported {
    static let published = Program.root.appending(path: "Tests/Fixtures/published").path
    static let pocket = Program.root.appending(path: "etc/models/pocket").path
    /// MiniGPT-5 in miniature, but for the image encoder.
    static let miniGPT5 = ["vicuna", "stage1.ckpt", "stage2.ckpt"].map { "\(published)/\($0)" }
    static let vision = ["eva.pth", "blip2.pth", "projection.pth"].map {
        "\(published)/vision/\($0)"
    }

    let result: Program.Result
    let folder: String

    init(
        _ sources: [String], _ options: [String] = [], to folder: String? = nil
    ) throws {
        let folder = try folder ?? temporaryFolder().path + "/model"
        self.folder = folder
        result = try Program.run("voken", ["import"] + sources + ["--to", folder] + options)
    }

    /// Whether nothing of it is there, finished or not.
    var leftNothing: Bool {
        !FileManager.default.fileExists(atPath: folder)
            && !FileManager.default.fileExists(atPath: folder + ".part")
    }

    func stage(_ name: String) throws -> CheckpointStore {
        try CheckpointStore(published: "\(folder)/\(name)")
    }

    /// A JSON file in it.
    func json(_ name: String) throws -> [String: Any] {
        try object(Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
    }

    /// The contents of all files by their paths in a folder.
    static func contents(of folder: String) throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            if let data = FileManager.default.contents(atPath: "\(folder)/\(path)") {
                contents[path] = data
            }
        }
        return contents
    }
}

/// A JSON object.
func object(_ data: Data) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: data)
    return value as? [String: Any] ?? [:]
}

extension CheckpointStore {
    /// A tensor's numbers, as 32-bit floats, in the published order; empty if there is none.
    func values(_ name: String) -> [Float] {
        for file in files {
            if let packed = file.tensors.packed(named: name) {
                return packed.unpacked()?.tensor().values ?? []
            }
            if let numbers = try? file.numbers(named: name) { return numbers.values }
        }
        return []
    }
}
