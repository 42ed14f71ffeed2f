import Glibc
public import Pipelines

/// A story on a terminal: text on standard output as it is told, and on standard error, if that is
/// a terminal, a line of progress while a picture is made.
public final class StoryTerminal {
    private let quiet: Bool
    private let animated: Bool
    private var image: ImageStart?
    private var progressShown = false
    /// Whether the last thing on standard output was text without a line's end.
    private var midLine = false

    /// - Parameter quiet: text and file names only.
    public init(quiet: Bool = false) {
        self.quiet = quiet
        animated = !quiet && isatty(2) == 1
    }

    /// - Parameter file: where the event's picture was written.
    public func show(_ event: StoryEvent, file: String? = nil) {
        switch event {
        case .accepted(_, let ahead):
            if ahead > 0 { say("waiting for \(ahead) other\(ahead == 1 ? "" : "s")") }
        case .started(_, let seed):
            say("seed \(seed)")
        case .text(let text):
            clearProgress()
            put(text)
            midLine = !text.hasSuffix("\n")
        case .imageBegan(let start):
            image = start
            showProgress(step: 0, of: start.calls)
        case .step(_, let step, let total):
            showProgress(step: step, of: total)
        case .imageFinished(let image):
            clearProgress()
            endLine()
            put("  → \(file ?? StoryPage.fileName(image.index))\n")
        case .sceneEnded:
            clearProgress()
            endLine()
        case .finished(let summary):
            say(summary.line)
        case .failed, .sceneBegan:
            clearProgress()
            endLine()
        }
    }

    /// A remark for people, on standard error.
    public func say(_ remark: String) {
        guard !quiet else { return }
        clearProgress()
        endLine()
        write("\(remark)\n", to: 2)
    }

    private func showProgress(step: Int, of total: Int) {
        guard animated, let image else { return }
        let width = 24
        let filled = total > 0 ? width * step / total : 0
        let bar =
            String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        let newline = midLine ? "\n" : ""
        midLine = false
        write(
            "\(newline)\r[picture \(image.index)] \(image.scheduler) \(bar) \(step)/\(total)\u{1B}[K",
            to: 2)
        progressShown = true
    }

    private func clearProgress() {
        guard progressShown else { return }
        write("\r\u{1B}[K", to: 2)
        progressShown = false
    }

    private func endLine() {
        guard midLine else { return }
        put("\n")
        midLine = false
    }

    private func put(_ text: String) { write(text, to: 1) }
}

/// Writes all of a text to a descriptor; a reader that has gone away is not our error.
public func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { buffer in
        var rest = unsafe buffer[...]
        while unsafe !rest.isEmpty {
            let chunk = unsafe UnsafeBufferPointer(rebasing: rest)
            let count = unsafe Glibc.write(descriptor, chunk.baseAddress, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            unsafe rest = rest.dropFirst(count)
        }
    }
}
