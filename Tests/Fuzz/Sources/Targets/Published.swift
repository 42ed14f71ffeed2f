import Checkpoints

extension Target {
    /// A whole zip file of torch.
    static let pytorch = Target(
        "pytorch", longest: 8192, heap: HeapBound(each: 1000, fixed: 2 << 20),
        seeds: {
            try ["nested.pt", "protocol4.bin"].map {
                try Files.contents("Tests/Fixtures/checkpoints/\($0)")
            }
        }
    ) { bytes in
        readTensors(bytes.count) { () throws(CheckpointError) in
            try PyTorchCheckpoint(path: Files.path(holding: bytes))
        }
    }

    /// The pickle alone, beside four storages of 64 bytes: mutations keep the zip file right.
    static let pytorchPickle = Target(
        "pytorch-pickle", heap: HeapBound(each: 1000, fixed: 2 << 20)
    ) { bytes in
        let file = zip(pickle: bytes)
        readTensors(file.count) { () throws(CheckpointError) in
            try PyTorchCheckpoint(path: Files.path(holding: file))
        }
    }

    static let gguf = Target(
        "gguf", heap: HeapBound(each: 1000, fixed: 2 << 20),
        seeds: { [try Files.contents("Tests/Fixtures/checkpoints/blocks.gguf")] }
    ) { bytes in
        readTensors(bytes.count) { () throws(CheckpointError) in
            try GGUF(path: Files.path(holding: bytes))
        }
    }
}

/// Whatever opening lets pass can be read to the last byte, and takes memory as the file does: a
/// block of 18 bytes becomes 128, a view may take 64 KiB.
private func readTensors(
    _ count: Int, _ open: () throws(CheckpointError) -> any WeightFile
) {
    let file: any WeightFile
    do { file = try open() } catch {
        expect(!error.message.isEmpty, "refused without a reason")
        return
    }
    for name in file.names {
        guard let weight = file.weight(named: name) else { continue }
        expect(
            weight.byteCount <= max(8 * count, 1 << 16),
            "\(name) takes \(weight.byteCount) bytes of a file of \(count)")
        let tensor = weight.tensor()
        expect(tensor.count == weight.shape.count, "\(name) has \(tensor.count) elements")
    }
}

/// A zip file of stored entries, as torch writes it.
private func zip(pickle: [UInt8]) -> [UInt8] {
    let storage = (0..<64).map { UInt8($0) }
    let records = [("w/data.pkl", pickle)] + (0..<4).map { ("w/data/\($0)", storage) }
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, data) in records {
        let name = Array(name.utf8)
        let offset = little(file.count, 4)
        let sizes = little(data.count, 4) + little(data.count, 4) + little(name.count, 2)
        let common = little(0, 14) + sizes + little(0, 2)
        file += little(0x0403_4b50, 4) + common + name + data
        directory += little(0x0201_4b50, 4) + little(0, 2) + common + little(0, 10) + offset + name
    }
    let start = little(file.count, 4)
    let count = little(records.count, 2)
    return file + directory + little(0x0605_4b50, 4) + little(0, 4) + count + count
        + little(directory.count, 4) + start + little(0, 2)
}

private func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
}
