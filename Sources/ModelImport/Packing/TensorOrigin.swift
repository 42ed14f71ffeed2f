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

    /// As published: a convolution's `[O, I, h, w]`, also where it lies packed.
    var extents: [Int] {
        guard let tensor = file.tensors[name] else { return [] }
        guard case .packed = tensor.format, tensor.extents.count == 4 else { return tensor.extents }
        let e = tensor.extents
        return [e[0], e[3], e[1], e[2]]
    }

    /// The bytes of a tensor that lies in a file as it is to be stored.
    func packed(as form: StoredForm) -> PackedTensor? {
        guard interleavedHeads == nil, correction == nil,
            let tensor = file.tensors.packed(named: name),
            StoredParameter.packed(tensor).form == form
        else { return nil }
        return tensor
    }

    /// - Parameter form: in which the tensor is to be stored.
    /// - Throws: for a tensor whose numbers cannot be had.
    func requireNumbers(for form: StoredForm? = nil) throws(ImportError) {
        if let form, packed(as: form) != nil { return }
        switch file.tensors[name]?.format {
        case .packed(let layout, _, _)? where layout.keepsNumbers: return
        case .packed(let layout, _, _)?:
            throw .refused(
                "\(file.path): \(name) is rounded already (\(layout.rawValue)), and rounding twice "
                    + "loses more than once: go back to what the model was imported from (voken "
                    + "models inspect names it)")
        case let format? where format.isReadable: return
        case let format:
            throw .refused(
                "\(file.path): tensor \(name) is of \(format?.description ?? "nothing"), which "
                    + "weights are not")
        }
    }

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
