import Dispatch
import Glibc
import Stories
import Synchronization

/// Ctrl-C: stops what runs, and ends the program where nothing does.
final class Interrupts {
    private final class State: Sendable {
        let stop = Mutex<(@Sendable () -> Void)?>(nil)
    }

    private let state = State()
    private let source: any DispatchSourceSignal

    init() {
        signal(SIGINT, SIG_IGN)  // the source hears of it all the same
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { [state] in
            guard let stop = state.stop.withLock({ $0 }) else {
                // The main thread waits for a line.
                Stories.write("\n", to: 2)
                _exit(0)
            }
            DispatchQueue.global().async(execute: stop)
        }
        source.resume()
    }

    /// - Parameter stop: called at each Ctrl-C while `body` runs, on another thread.
    func during<Value>(
        _ body: () throws -> Value, stop: @escaping @Sendable () -> Void
    ) rethrows -> Value {
        state.stop.withLock { $0 = stop }
        defer { state.stop.withLock { $0 = nil } }
        return try body()
    }
}
