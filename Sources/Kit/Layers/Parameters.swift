public import Tensors

/// Where the parameters of a model come from: a checkpoint, or a recorder that only lists them.
public protocol ParameterStore: AnyObject, Sendable {
    /// The parameter of that full name, or `nil`. Asking marks the name as used.
    /// - Parameter shape: what the layer needs; a store that invents parameters gives this shape.
    func weight(named name: String, shape: Shape) -> Weight?

    /// Whether the store holds a name; does not mark it as used.
    func contains(_ name: String) -> Bool
}

/// A parameter that is not in the checkpoint, or not as the model needs it.
public struct ParameterError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable { case missing, shapeMismatch, unused }
    public let code: Code
    /// The full name, as in the checkpoint.
    public let name: String
    public let expected: Shape?
    public let found: Shape?
    /// For `unused`: how many parameters besides `name` are left over.
    public let others: Int

    public init(
        _ code: Code, name: String, expected: Shape? = nil, found: Shape? = nil, others: Int = 0
    ) {
        self.code = code
        self.name = name
        self.expected = expected
        self.found = found
        self.others = others
    }

    public var description: String {
        switch code {
        case .missing:
            "parameter \(name)\(expected.map { " \($0)" } ?? "") is not in the checkpoint"
        case .shapeMismatch:
            "parameter \(name) has shape \(found.map(\.description) ?? "?"), "
                + "the configuration asks for \(expected.map(\.description) ?? "?")"
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

    /// A matrix, table or kernel, read in place.
    public func weight(_ name: String, _ shape: Shape) throws(ParameterError) -> Weight {
        let name = fullName(name)
        guard let weight = store.weight(named: name, shape: shape) else {
            throw ParameterError(.missing, name: name, expected: shape)
        }
        guard weight.shape == shape else {
            throw ParameterError(.shapeMismatch, name: name, expected: shape, found: weight.shape)
        }
        return weight
    }

    /// A bias, a norm's scale, a position table: converted to 32-bit floats at once.
    public func tensor(_ name: String, _ shape: Shape) throws(ParameterError) -> Tensor {
        try weight(name, shape).tensor()
    }

    private func fullName(_ name: String) -> String { path.isEmpty ? name : path + "." + name }
}
