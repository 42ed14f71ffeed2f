internal import Dispatch
internal import Synchronization
internal import Wire

/// What a call gets from the daemon.
enum Answer: Sendable {
    case message([UInt8])
    case ended
    case reply([UInt8])
    case failed(ClientError)

    var count: Int {
        switch self {
        case .message(let bytes), .reply(let bytes): bytes.count
        case .ended, .failed: 0
        }
    }
}

/// From the loop's thread to whoever waits for a call: a thread or a task.
///
/// A queue is waited for in one of the two ways, by one at a time.
final class AnswerQueue: Sendable {
    /// So much may lie unread, in bytes. Then the call fails: neither memory nor the other calls
    /// of the connection should suffer from a reader that does not read.
    static let limit = 64 << 20

    fileprivate struct State {
        var answers = EventQueue<Answer>()
        var count = 0
        var task: CheckedContinuation<Answer, Never>?
    }

    private let state = Mutex(State())
    private let arrivals = DispatchSemaphore(value: 0)

    /// - Returns: `false` if too much lies unread.
    func put(_ answer: Answer) -> Bool {
        let (task, fits) = state.withLock { state -> (CheckedContinuation<Answer, Never>?, Bool) in
            if let task = state.task {
                state.task = nil
                return (task, true)
            }
            state.answers.append(answer)
            state.count += answer.count
            return (nil, state.count <= AnswerQueue.limit)
        }
        if let task { task.resume(returning: answer) } else { arrivals.signal() }
        return fits
    }

    /// Blocks; `nil` after `timeout`.
    func take(within timeout: Duration?) -> Answer? {
        if let timeout {
            let nanoseconds = timeout / .nanoseconds(1)
            let deadline = DispatchTime.now() + nanoseconds / 1e9
            guard arrivals.wait(timeout: deadline) == .success else { return nil }
        } else {
            arrivals.wait()
        }
        return state.withLock { $0.next() }
    }

    func take() async -> Answer {
        await withCheckedContinuation { task in
            let answer = state.withLock { state -> Answer? in
                if let answer = state.next() { return answer }
                precondition(state.task == nil, "two tasks iterate over one stream")
                state.task = task
                return nil
            }
            if let answer { task.resume(returning: answer) }
        }
    }
}

extension AnswerQueue.State {
    fileprivate mutating func next() -> Answer? {
        let answer = answers.next()
        count -= answer?.count ?? 0
        return answer
    }
}
