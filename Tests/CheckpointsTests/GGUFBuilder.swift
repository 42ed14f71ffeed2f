/// A GGUF file, any field of which can be made to lie.
struct GGUFBuilder {
    struct Tensor {
        var name = "w"
        /// Innermost first.
        var extents: [UInt64] = [8]
        var rank: UInt32?
        var type: UInt32 = 0
        var offset: UInt64 = 0
    }

    var magic: [UInt8] = Array("GGUF".utf8)
    var version: UInt32 = 3
    var tensorCount, keyCount: UInt64?
    /// Encoded: see ``pair(_:_:_:)``.
    var pairs: [[UInt8]] = [pair("general.architecture", 8, text("llama"))]
    var tensors: [Tensor] = [Tensor()]
    var alignment = 32
    var data = [UInt8](repeating: 0, count: 32)

    static func text(_ text: String) -> [UInt8] {
        bytes(UInt64(text.utf8.count)) + Array(text.utf8)
    }

    static func pair(_ key: String, _ type: UInt32, _ value: [UInt8]) -> [UInt8] {
        text(key) + bytes(type) + value
    }

    var contents: [UInt8] {
        var file = magic + bytes(version)
        file += bytes(tensorCount ?? UInt64(tensors.count), keyCount ?? UInt64(pairs.count))
        file += pairs.flatMap(\.self)
        for tensor in tensors {
            file += Self.text(tensor.name) + bytes(tensor.rank ?? UInt32(tensor.extents.count))
            file += tensor.extents.flatMap { bytes($0) } + bytes(tensor.type) + bytes(tensor.offset)
        }
        while !file.count.isMultiple(of: alignment) { file.append(0) }
        return file + data
    }
}
