import Checkpoints
import Foundation
import Testing

/// A LLaMA in several files that an index lists, as transformers writes them.
@Suite struct ShardedImportTests {
    enum Format: String, CaseIterable { case safetensors, bin }

    /// A folder with the weights of the fixture, whose index can be made to lie.
    private struct Folder {
        let path: String
        let format: Format
        private let index: String

        init(_ format: Format, shards: Int = 2) throws {
            self.format = format
            path = try temporaryFolder().path
            let source = Imported.miniGPT5[0]
            index =
                path + (format == .bin ? "/pytorch_model.bin" : "/model.safetensors")
                + ".index.json"
            let copied = format == .bin ? ["pytorch_model"] : []
            for name in try FileManager.default.contentsOfDirectory(atPath: source)
            where (copied + ["tokenizer", "config"]).contains(where: name.hasPrefix) {
                try FileManager.default.copyItem(
                    atPath: "\(source)/\(name)", toPath: "\(path)/\(name)")
            }
            if format == .safetensors { try write(CheckpointStore(published: source), shards) }
        }

        /// One file has no index.
        private func write(_ store: CheckpointStore, _ shards: Int) throws {
            var map: [String: String] = [:]
            for shard in 0..<shards {
                // Neighbours lie in different files.
                let names = store.names.enumerated().filter { $0.offset % shards == shard }
                    .map(\.element)
                let name = shards == 1 ? "model.safetensors" : self.shard(shard + 1, of: shards)
                try Safetensors.write(
                    numbers: names.map { name in
                        let file = store.files.first { $0.names.contains(name) }
                        return (
                            name,
                            TensorNumbers(
                                extents: file?.extents(of: name) ?? [], values: store.values(name))
                        )
                    }, to: "\(path)/\(name)")
                for tensor in names { map[tensor] = name }
            }
            if shards > 1 { try write(map) }
        }

        func shard(_ number: Int, of count: Int = 2) -> String {
            let stem = format == .bin ? "pytorch_model" : "model"
            return "\(stem)-0000\(number)-of-0000\(count).\(format.rawValue)"
        }

        private func write(_ map: [String: String]) throws {
            try JSONSerialization.data(withJSONObject: ["weight_map": map])
                .write(to: URL(filePath: index))
        }

        func changeIndex(_ change: (inout [String: String]) -> Void) throws {
            let parsed = try object(Data(contentsOf: URL(filePath: index)))
            var map = try #require(parsed["weight_map"] as? [String: String])
            change(&map)
            try write(map)
        }

        func move(_ shard: String, to place: String) throws {
            try FileManager.default.moveItem(atPath: "\(path)/\(shard)", toPath: place)
        }
    }

    private let tensor = "model.layers.1.mlp.up_proj.weight"

    /// All but the record of the sources.
    private func bytes(_ folder: Folder, _ type: String) throws -> [String: Data] {
        let imported = try Imported([folder.path], ["--type", type])
        #expect(imported.result.status == 0, "\(imported.result.errors)")
        let sources = try imported.json("voken-model.json")["sources"] as? [[String: Any]]
        let weights = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(folder.format.rawValue) }
        #expect(sources?.compactMap { $0["name"] as? String } == weights.sorted())
        var contents = try Imported.contents(of: imported.folder)
        #expect(contents.removeValue(forKey: "voken-model.json") != nil)
        return contents
    }

    @Test(arguments: ["f32", "q8_0"]) func theyAreTheModelInOneFile(type: String) throws {
        let whole = try bytes(Folder(.safetensors, shards: 1), type)
        #expect(whole.keys.contains("language_model/model.safetensors"))
        #expect(try bytes(Folder(.safetensors, shards: 3), type) == whole)
        #expect(try bytes(Folder(.bin), type) == whole)
    }

    private func expectRefusal(_ folder: Folder, says words: String...) throws {
        let imported = try Imported([folder.path])
        #expect(imported.result.status == 1)
        for word in words {
            #expect(imported.result.errors.contains(word), "\(imported.result.errors)")
        }
        #expect(imported.leftNothing)
    }

    @Test(arguments: Format.allCases) func aShardThatIsMissing(format: Format) throws {
        let folder = try Folder(format)
        try folder.move(folder.shard(2), to: folder.path + "/elsewhere")
        try expectRefusal(
            folder, says: folder.shard(2) + ": is not there", ".index.json says",
            "put all shards of the index into the folder")
    }

    @Test(arguments: Format.allCases) func aShardThatLacksATensor(format: Format) throws {
        let folder = try Folder(format)
        try folder.changeIndex { $0["model.layers.9.mlp.up_proj.weight"] = folder.shard(1) }
        try expectRefusal(
            folder,
            says: "\(folder.shard(1)) holds model.layers.9.mlp.up_proj.weight, which it lacks",
            "get both again")
    }

    /// Files that are there, but not in the folder.
    @Test(arguments: Format.allCases) func aPathThatLeavesTheFolder(format: Format) throws {
        for isAbsolute in [false, true] {
            let folder = try Folder(format)
            let outside = try temporaryFolder()
            let shard = folder.shard(2)
            try folder.move(shard, to: outside.path + "/" + shard)
            let place = isAbsolute ? outside.path : "../" + outside.lastPathComponent
            try folder.changeIndex { map in
                map = map.mapValues { $0 == shard ? "\(place)/\(shard)" : $0 }
            }
            try expectRefusal(
                folder, says: "\"\(place)/\(shard)\" is not the name of a", "in this folder",
                "put it there")
        }
    }

    @Test(arguments: Format.allCases) func aTensorInTwoShards(format: Format) throws {
        let folder = try Folder(format)
        var owner = ""
        let copy = folder.shard(3, of: 3)
        try folder.changeIndex { map in
            owner = map[tensor] ?? ""
            map[tensor] = copy
        }
        try FileManager.default.copyItem(
            atPath: "\(folder.path)/\(owner)", toPath: "\(folder.path)/\(copy)")
        try expectRefusal(folder, says: "is in \(owner) and in \(copy)", "get the index")
    }
}
