import Dispatch
import Glibc
import ModelImport
import Synchronization

/// Ctrl-C in the midst of long work: it ends at the next step, in good order.
final class StopSignal {
    private final class State: Sendable {
        let isStopped = Atomic<Bool>(false)
    }

    private let state = State()
    private let source: any DispatchSourceSignal

    init() {
        signal(SIGINT, SIG_IGN)  // the source hears of it all the same
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { [state] in
            state.isStopped.store(true, ordering: .relaxed)
        }
        source.resume()
    }

    deinit {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }

    func check() throws(ImportError) {
        guard state.isStopped.load(ordering: .relaxed) else { return }
        throw ImportError(
            .stopped, "stopped; what is complete stays in DIR.part, and the same command goes on")
    }
}
