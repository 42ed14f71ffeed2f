/// What a product adds to its sums as it stores them, each rounded once, the bias first.
@safe struct Addends {
    /// A number a column.
    let bias: UnsafePointer<Float>?
    /// A number an element: what a layer's result is added to.
    let residual: UnsafePointer<Float>?

    init(bias: UnsafePointer<Float>?, residual: UnsafePointer<Float>? = nil) {
        unsafe self.bias = bias
        unsafe self.residual = residual
    }

    /// Calls `body` with the numbers of two tensors.
    static func with(
        bias: Tensor?, residual: Tensor?, _ body: (Addends) -> Void
    ) {
        unsafe bias.withElements { bias in
            unsafe residual.withElements { residual in
                body(unsafe Addends(bias: bias, residual: residual))
            }
        }
    }

    func bias(at column: Int) -> UnsafePointer<Float>? { unsafe bias.map { unsafe $0 + column } }

    func residual(at element: Int) -> UnsafePointer<Float>? {
        unsafe residual.map { unsafe $0 + element }
    }
}
