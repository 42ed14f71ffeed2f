import Benchmarking
import Glibc
import Stories

/// A line on standard error of what goes on, where that is a terminal.
final class BenchProgress {
    private let isTerminal = isatty(2) == 1
    private var isShown = false

    func show(_ event: Benchmark.Event) {
        switch event {
        case .probing: say("probing the machine")
        case .making(let item): say("\(item.name): making it")
        case .running(let item, let runs, let seconds):
            say("\(item.name): \(runs) runs, \(Int(seconds)) s")
        case .finished: clear()
        }
    }

    func clear() {
        if isShown { Stories.write("\r\u{1b}[K", to: 2) }
        isShown = false
    }

    private func say(_ text: String) {
        guard isTerminal else { return }
        Stories.write("\r\u{1b}[K\(text)", to: 2)
        isShown = true
    }
}
