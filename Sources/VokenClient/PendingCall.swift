internal import Wire

/// A call that is not over, on the loop's thread.
final class PendingCall {
    /// Of the client: it stays the same when the call is sent again.
    let number: UInt32
    let method: Method
    let queue: AnswerQueue
    private let deadline: ContinuousClock.Instant?
    private let timeoutIsOver: Bool
    /// Kept until something comes back: till then the call may have to be sent again.
    private(set) var request: [UInt8]
    /// Where it was sent, if it has been.
    var place: (connection: Connection, stream: UInt32)?
    /// What the daemon said, if it has to be sent again for that.
    private(set) var refusal: ClientError?
    private var isRepeated = false
    private var hasAnswer = false

    /// - Parameter timeout: in nanoseconds; 0 is none.
    init(
        _ number: UInt32, _ method: Method, _ request: [UInt8], timeout: Int64,
        _ queue: AnswerQueue
    ) {
        self.number = number
        self.method = method
        self.request = request
        self.queue = queue
        deadline = timeout > 0 ? .now + .nanoseconds(timeout) : nil
        timeoutIsOver = timeout < 0
    }

    /// For the wire: in nanoseconds, 0 is none, negative is over already.
    var timeoutLeft: Int64 {
        guard !timeoutIsOver else { return -1 }
        guard let deadline else { return 0 }
        let left = (deadline - .now) / .nanoseconds(1)
        return left < 1 ? -1 : Int64(left)
    }

    func didAnswer() {
        hasAnswer = true
        request = []
    }

    /// - Parameter refusal: `nil` if the connection was lost, and nobody knows whether the call
    ///   was begun.
    /// - Returns: whether it may be sent again, which is so once. A change of what serves, not
    ///   unless it was refused: it may be what the daemon has died of.
    func mayRepeat(after refusal: ClientError?) -> Bool {
        guard !hasAnswer, !isRepeated, refusal != nil || !method.changesWhatServes else {
            return false
        }
        self.refusal = refusal
        isRepeated = true
        return true
    }
}

extension Method {
    fileprivate var changesWhatServes: Bool {
        [.swap, .apply, .rollback, .upgrade].contains(self)
    }
}
