public import Tensors

/// Where the parameters of a model come from: a checkpoint, or a recorder that only lists them.
public protocol ParameterStore: AnyObject, Sendable {
    /// The parameter of that full name, or `nil`. Asking marks the name as used.
    /// - Parameters:
    ///   - shape: what the layer needs; a store that invents parameters gives this shape.
    ///   - use: what it is needed for.
    func parameter(named name: String, shape: Shape, for use: ParameterUse) -> StoredParameter?

    /// Whether the store holds a name; does not mark it as used.
    func contains(_ name: String) -> Bool
}

/// A parameter that is not in the checkpoint, or not as the model needs it.
public struct ParameterError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable { case missing, shapeMismatch, layoutMismatch, unused }
    public let code: Code
    /// The full name, as in the checkpoint.
    public let name: String
    public let expected: Shape?
    public let found: Shape?
    /// For `layoutMismatch`: how the parameter is packed.
    public let layout: PackedLayout?
    /// For `unused`: how many parameters besides `name` are left over.
    public let others: Int

    public init(
        _ code: Code, name: String, expected: Shape? = nil, found: Shape? = nil,
        layout: PackedLayout? = nil,
        others: Int = 0
    ) {
        self.code = code
        self.name = name
        self.expected = expected
        self.found = found
        self.layout = layout
        self.others = others
    }

    public var description: String {
        switch code {
        case .missing:
            "parameter \(name)\(expected.map { " \($0)" } ?? "") is not in the checkpoint"
        case .shapeMismatch:
            "parameter \(name) has shape \(found.map(\.description) ?? "?"), "
                + "the configuration asks for \(expected.map(\.description) ?? "?")"
        case .layoutMismatch:
            "parameter \(name) is packed as \(layout?.rawValue ?? "?"), in which this layer cannot "
                + "read it; import the model again from what it was made of"
        case .unused:
            "parameter \(name) of the checkpoint is used by no layer"
                + (others > 0 ? ", nor are \(others) more" : "")
        }
    }
}

/// A place in a checkpoint, walked down like a directory: `p["down_blocks"][0]["resnets"][1]`.
public struct Parameters: Sendable {
    /// The prefix of all names below, without a final dot; empty at the root.
    public let path: String
    private let store: any ParameterStore

    public init(_ store: any ParameterStore, path: String = "") {
        self.store = store
        self.path = path
    }

    public subscript(name: String) -> Parameters { Parameters(store, path: fullName(name)) }

    public subscript(index: Int) -> Parameters { self[String(index)] }

    public func contains(_ name: String) -> Bool { store.contains(fullName(name)) }

    /// A table whose rows are looked up, read in place.
    public func table(_ name: String, _ shape: Shape) throws(ParameterError) -> Weight {
        try plain(name, shape, for: .table)
    }

    /// A bias, a norm's scale, a position table: converted to 32-bit floats at once.
    public func tensor(_ name: String, _ shape: Shape) throws(ParameterError) -> Tensor {
        try plain(name, shape, for: .vector).tensor()
    }

    /// The matrix of a linear map, `[N, K]`. A 1×1 convolution of the same numbers, `[N, K, 1, 1]`,
    /// does as well.
    public func matrix(_ name: String, _ shape: Shape) throws(ParameterError) -> Matrix {
        try matrices(name, shape, parts: 1)[0]
    }

    /// Matrices of equal size that are stored as one, one below the other.
    /// - Parameter shape: of all together, `[parts · N, K]`.
    public func matrices(
        _ name: String, _ shape: Shape, parts: Int
    ) throws(ParameterError) -> [Matrix] {
        precondition(shape.rank == 2 && shape[0] % parts == 0, "\(shape) in \(parts) parts")
        let name = fullName(name)
        switch try find(name, shape, for: .matrix(parts: parts)) {
        case .plain(let weight):
            let (weight, rows) = (weight.reshaped(shape), shape[0] / parts)
            return (0..<parts).map { .stored(weight.rows($0 * rows..<($0 + 1) * rows)) }
        case .packed(let tensor):
            guard tensor.parts == parts, let matrices = Matrix.unpacked(tensor) else {
                throw ParameterError(.layoutMismatch, name: name, layout: tensor.layout)
            }
            return matrices
        }
    }

    /// The kernel of a convolution.
    /// - Parameter shape: `[O, I, h, w]`, PyTorch's order.
    public func kernel(
        _ name: String, _ shape: Shape, stride: Int
    ) throws(ParameterError) -> ConvolutionKernel {
        let name = fullName(name)
        switch try find(name, shape, for: .kernel(stride: stride)) {
        case .plain(let weight):
            return ConvolutionKernel(weight.channelsInnermost(), stride: stride)
        case .packed(let tensor):
            guard let kernel = ConvolutionKernel(tensor, stride: stride) else {
                throw ParameterError(.layoutMismatch, name: name, layout: tensor.layout)
            }
            return kernel
        }
    }

    private func plain(
        _ name: String, _ shape: Shape, for use: ParameterUse
    ) throws(ParameterError) -> Weight {
        let name = fullName(name)
        switch try find(name, shape, for: use) {
        case .plain(let weight): return weight
        case .packed(let tensor):
            throw ParameterError(.layoutMismatch, name: name, layout: tensor.layout)
        }
    }

    private func find(
        _ name: String, _ shape: Shape, for use: ParameterUse
    ) throws(ParameterError) -> StoredParameter {
        guard let found = store.parameter(named: name, shape: shape, for: use) else {
            throw ParameterError(.missing, name: name, expected: shape)
        }
        let isPixel =
            if case .matrix = use, case .plain = found {
                found.shape == Shape(shape.array + [1, 1])
            } else { false }
        guard found.shape == shape || isPixel else {
            throw ParameterError(.shapeMismatch, name: name, expected: shape, found: found.shape)
        }
        return found
    }

    private func fullName(_ name: String) -> String { path.isEmpty ? name : path + "." + name }
}
