import Checkpoints
import Layers
import Tensors

/// Where the numbers of a tensor come from.
struct TensorOrigin: Sendable {
    /// A low-rank correction that is added: `W + s · B A`.
    struct Correction: Sendable {
        let down, up: (file: any WeightFile, name: String)
        let scale: Float
    }

    let file: any WeightFile
    /// In the file.
    let name: String
    /// Of a LLaMA's query or key matrix in a GGUF file, whose rows lie for rotations of neighbours.
    var interleavedHeads: Int?
    var correction: Correction?

    init(_ file: any WeightFile, _ name: String) {
        self.file = file
        self.name = name
    }

    var extents: [Int] { file.extents(of: name) ?? [] }

    /// What is done to the numbers, for the record of an import.
    var text: String {
        var text = name
        if let heads = interleavedHeads { text += " heads=\(heads)" }
        if let correction {
            text += " + \(correction.scale) \(correction.up.name) \(correction.down.name)"
        }
        return text
    }
}
