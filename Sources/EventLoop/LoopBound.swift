/// Lets a reference to state of a loop's thread pass through other threads.
///
/// `@unchecked Sendable`: the value is reached only on the loop's thread, which is checked.
public final class LoopBound<Value>: @unchecked Sendable {
    private let loop: Loop
    private let bound: Value

    /// - Precondition: on the loop's thread.
    public init(_ value: Value, to loop: Loop) {
        loop.assertCurrent()
        bound = value
        self.loop = loop
    }

    /// - Precondition: on the loop's thread.
    public var value: Value {
        loop.assertCurrent()
        return bound
    }
}
