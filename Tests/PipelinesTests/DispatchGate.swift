import Dispatch
import Testing

/// Holds the inference thread inside an event until the test opens it.
final class DispatchGate: Sendable {
    private let reached = DispatchSemaphore(value: 0)
    private let opened = DispatchSemaphore(value: 0)

    func pass() {
        reached.signal()
        opened.wait()
    }

    func waitUntilReached() throws {
        try #require(reached.wait(timeout: .now() + 60) == .success)
    }

    func open() { opened.signal() }
}
