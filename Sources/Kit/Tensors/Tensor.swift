/// A dense, row-major array of 32-bit floats of at most four axes.
///
/// Immutable once made, hence shared freely between threads. Feature maps are `[B, H, W, C]`
/// (channels innermost), sequences `[T, D]` or `[B, T, D]`.
public struct Tensor: Sendable {
    public let shape: Shape
    private(set) var storage: Storage

    /// Makes a tensor whose elements `fill` writes, every one of them; it is not called in a dry run.
    public init(_ shape: Shape, fill: (inout MutableSpan<Float>) throws -> Void) rethrows {
        self.shape = shape
        storage = Storage(count: shape.count)
        if storage.isShapeOnly { return }
        // The pointer is read into a local first: in release, Swift 6.3.1's optimiser aborts on
        // a span made straight from a class property.
        let elements = unsafe UnsafeMutableBufferPointer(
            start: storage.elements, count: storage.count)
        var span = unsafe MutableSpan(_unsafeElements: elements)
        try fill(&span)
    }

    public init(_ shape: Shape, _ values: [Float]) {
        precondition(values.count == shape.count, "\(values.count) values for shape \(shape)")
        self.init(shape) { (span: inout MutableSpan<Float>) in
            for index in values.indices { span[index] = values[index] }
        }
    }

    public init(_ shape: Shape, repeating value: Float) {
        self.init(shape) { (span: inout MutableSpan<Float>) in
            for index in span.indices { span[index] = value }
        }
    }

    /// Makes a tensor from a kernel that writes through a raw pointer, as threads and C do.
    init(uninitialized shape: Shape, fill: (UnsafeMutablePointer<Float>) -> Void) {
        self.shape = shape
        storage = Storage(count: shape.count)
        if storage.isShapeOnly { return }
        unsafe fill(storage.elements)
    }

    /// A tensor of the same shape, of which an element depends on the element in its place alone. It
    /// takes the memory of this one if nobody else has it: a pass over fewer lines, and one tensor less.
    ///
    /// - Parameter compute: told where to read from and where to write to, which may be the same.
    consuming func mapped(
        _ compute: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    ) -> Tensor {
        guard isUnshared else {
            return unsafe Tensor(uninitialized: shape) { y in
                unsafe withElements { x in unsafe compute(x, y) }
            }
        }
        if !storage.isShapeOnly {
            unsafe compute(UnsafePointer(storage.elements), storage.elements)
        }
        return self
    }

    /// Whether nobody else has its memory.
    var isUnshared: Bool {
        mutating get { isKnownUniquelyReferenced(&storage) && storage.count == count }
    }

    /// - Precondition: `storage` holds at least as many elements as `shape`.
    init(shape: Shape, storage: Storage) {
        self.shape = shape
        self.storage = storage
    }

    public var count: Int { shape.count }

    /// Calls `body` with all elements in row-major order.
    public func withSpan<Result>(_ body: (Span<Float>) throws -> Result) rethrows -> Result {
        let elements = unsafe UnsafeBufferPointer(start: storage.elements, count: shape.count)
        let span = unsafe Span(_unsafeElements: elements)
        defer { extendLifetime(storage) }
        return try body(span)
    }

    /// For kernels: the pointer is valid while `body` runs.
    func withElements<Result>(_ body: (UnsafePointer<Float>) throws -> Result) rethrows -> Result {
        defer { extendLifetime(storage) }
        return try unsafe body(UnsafePointer(storage.elements))
    }

    /// A copy of the elements in row-major order.
    public var values: [Float] {
        withSpan { span in
            unsafe [Float](unsafeUninitializedCapacity: span.count) { buffer, count in
                for index in span.indices {
                    unsafe buffer.initializeElement(at: index, to: span[index])
                }
                count = span.count
            }
        }
    }

    /// The same elements under another shape; nothing is copied.
    public func reshaped(_ shape: Shape) -> Tensor {
        precondition(shape.count == self.shape.count, "cannot reshape \(self.shape) to \(shape)")
        return Tensor(shape: shape, storage: storage)
    }
}

extension Tensor? {
    /// ``Tensor/withElements(_:)``, with `nil` for no tensor.
    func withElements<Result>(_ body: (UnsafePointer<Float>?) throws -> Result) rethrows -> Result {
        guard let self else { return try body(nil) }
        return try unsafe self.withElements { elements in try unsafe body(elements) }
    }
}
