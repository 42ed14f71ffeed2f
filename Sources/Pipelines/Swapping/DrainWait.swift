import Synchronization

/// Somebody who waits for the end of a generation's last request, or for a time.
final class DrainWait: Sendable {
    let generation: Int
    private let done: Mutex<(@Sendable (Bool) -> Void)?>

    init(generation: Int, _ done: @escaping @Sendable (_ isDrained: Bool) -> Void) {
        self.generation = generation
        self.done = Mutex(done)
    }

    /// Whichever comes first counts.
    func end(isDrained: Bool) {
        let done = done.withLock { done in
            defer { done = nil }
            return done
        }
        done?(isDrained)
    }
}
