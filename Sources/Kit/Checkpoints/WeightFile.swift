public import Tensors

/// A file of named tensors, mapped.
///
/// Opening one checks every count, product and offset in it against the size of the file, so that
/// reading a tensor afterwards cannot fail.
public protocol WeightFile: AnyObject, Sendable {
    var tensors: TensorTable { get }
}

extension WeightFile {
    public var file: MappedFile { tensors.file }
    public var path: String { file.path }

    /// Tensors of every kind, sorted.
    public var names: [String] { tensors.names }

    /// The shape of a tensor of any kind; `nil` if there is none of that name.
    public func extents(of name: String) -> [Int]? { tensors[name]?.extents }

    /// See ``TensorTable/weight(named:)``.
    public func weight(named name: String) -> Weight? { tensors.weight(named: name) }

    /// See ``TensorTable/numbers(named:)``.
    public func numbers(named name: String) throws(CheckpointError) -> TensorNumbers? {
        try tensors.numbers(named: name)
    }
}
