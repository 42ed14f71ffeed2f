import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Files of torch.save against the same tensors as safetensors; `Tests/Reference/checkpoints.py`
/// wrote both.
struct PyTorchCheckpointTests {
    @Test(arguments: ["nested.pt", "protocol4.bin"])
    func readsTheReferencesFiles(name: String) throws {
        let file = try PyTorchCheckpoint(path: fixture("checkpoints/\(name)").path)
        let expected = try Safetensors(path: fixture("checkpoints/nested.safetensors").path)
        #expect(file.names == expected.names)
        #expect(file.names.count == 16)
        for name in expected.names {
            #expect(file.extents(of: name) == expected.extents(of: name), "\(name)")
            let (weight, other) = (file.weight(named: name), expected.weight(named: name))
            #expect(weight?.format == other?.format, "\(name)")
            #expect(weight?.tensor().values == other?.tensor().values, "\(name)")
            guard other != nil else { continue }
            #expect(
                try file.numbers(named: name) == (try expected.numbers(named: name)), "\(name)")
        }
    }

    @Test func listsWhatItPassesOver() throws {
        let file = try PyTorchCheckpoint(path: fixture("checkpoints/nested.pt").path)
        #expect(file.ignoredGlobals.contains("argparse.Namespace"))
        #expect(file.ignoredGlobals.contains("pathlib.PurePosixPath"))
        #expect(file.ignoredGlobals.contains("torch.Size"))
        let flat = try PyTorchCheckpoint(path: fixture("checkpoints/protocol4.bin").path)
        #expect(flat.ignoredGlobals.isEmpty)
    }

    /// Tensors that lie row-major are used where they are, the shared ones once.
    @Test func copiesOnlyViews() throws {
        let file = try PyTorchCheckpoint(path: fixture("checkpoints/nested.pt").path)
        let account = MemoryAccount()
        let dense = MemoryAccount.charging(account) {
            ["weight", "half", "brain", "shared.whole", "shared.part", "parameter"].map {
                file.weight(named: $0)
            }
        }
        #expect(dense.allSatisfy { $0 != nil })
        #expect(account.tensors.peak == 0)
        let view = MemoryAccount.charging(account) { file.weight(named: "view.transposed") }
        #expect(view?.shape == [6, 4])
        #expect(account.tensors.bytes == 96)
        let (whole, part) = (
            try #require(file.tensors["shared.whole"]), file.tensors["shared.part"]
        )
        #expect(part?.bytes.lowerBound == whole.bytes.lowerBound + 5 * 4)
    }

    @Test func refusesTheFormBeforeTorch16() throws {
        expectError(.unsupported, "save it again with torch ≥ 1.6") {
            try PyTorchCheckpoint(path: fixture("checkpoints/legacy.pt").path)
        }
    }

    @Test func choosesAMember() throws {
        let path = fixture("checkpoints/nested.pt").path
        #expect(try PyTorchCheckpoint(path: path, member: "model").names.count == 16)
        expectError(.notFound, #"has no dictionary "ema"; there are "model", "optimizer""#) {
            try PyTorchCheckpoint(path: path, member: "ema")
        }
        expectError(.unsupported, "holds no tensors as a state dictionary does") {
            try PyTorchCheckpoint(path: path, member: "optimizer")
        }
    }
}
