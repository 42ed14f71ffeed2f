import Glibc
import ModelImport
import Stories

/// A line on the terminal that says how far long work is; nothing where there is no terminal.
final class ProgressBar {
    private let isShown = isatty(2) == 1
    private var phase: ImportProgress.Phase?
    private var began = ContinuousClock.now
    private var drawn = ContinuousClock.now - .seconds(1)
    /// Bytes that were there when the phase began.
    private var first = 0

    private static let width = 24

    func show(_ progress: ImportProgress) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if progress.phase != phase {
            (phase, began, first) = (progress.phase, now, progress.done)
        } else if now - drawn < .milliseconds(100), progress.done < progress.total {
            return
        }
        drawn = now
        let share = Double(progress.done) / Double(max(progress.total, 1))
        let filled = Int(share * Double(Self.width))
        let bar =
            String(repeating: "#", count: filled)
            + String(repeating: ".", count: Self.width - filled)
        write(
            "\r\u{1b}[K[\(bar)] \(Int(share * 100)) % \(progress.phase.rawValue) \(progress.what)"
                + pace(progress, now), to: 2)
    }

    /// Clears the line.
    func end() {
        guard isShown, phase != nil else { return }
        phase = nil
        write("\r\u{1b}[K", to: 2)
    }

    /// Throughput and what remains, once there is something to judge by.
    private func pace(_ progress: ImportProgress, _ now: ContinuousClock.Instant) -> String {
        let seconds = (now - began) / .seconds(1)
        let bytes = progress.done - first
        guard progress.phase != .checking, seconds > 0.5, bytes > 0 else { return "" }
        let rate = Double(bytes) / seconds
        let rest = Int((Double(progress.total - progress.done) / rate).rounded(.up))
        return
            ", \(byteText(Int(rate)))/s, \(rest / 60):\(rest % 60 < 10 ? "0" : "")\(rest % 60) left"
    }
}
