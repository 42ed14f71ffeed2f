internal import Wire

/// A call that is not over, on the loop's thread.
final class PendingCall {
    /// Of the client: it stays the same when the call is sent again.
    let number: UInt64
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
    /// The request that takes a stream up again, for one that can be; `nil` when it is over.
    private let resume: Resumption?
    private var isRepeated = false
    private var hasAnswer = false
    /// So many times nothing has come since the stream was taken up again.
    private var fruitlessCount = 0
    private static let maximumFruitless = 3

    /// - Parameter timeout: in nanoseconds; 0 is none.
    init(
        _ number: UInt64, _ method: Method, _ request: [UInt8], timeout: Int64,
        _ queue: AnswerQueue, resume: Resumption?
    ) {
        self.number = number
        self.method = method
        self.request = request
        self.queue = queue
        self.resume = resume
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

    func didAnswer(_ message: [UInt8]) {
        resume?.didArrive(message)
        hasAnswer = true
        fruitlessCount = 0
        request = []
    }

    /// Whether it goes on after a connection that was lost.
    var isResumed: Bool { fruitlessCount > 0 }

    /// Whether it may be sent again, and if so, prepares that.
    ///
    /// A stream that can be taken up again may be as long as it gets on; all others once, if nothing
    /// of an answer has come. A change of what serves, not unless it was refused: it may be what the
    /// daemon has died of. Nor what streams its input, which is not kept.
    ///
    /// - Parameters:
    ///   - refusal: `nil` if the connection was lost, and nobody knows whether the call was begun.
    ///   - hasFailed: whether the connection ended otherwise than by the daemon's closing it.
    func mayRepeat(after refusal: ClientError?, hasFailed: Bool) -> Bool {
        if let resume {
            guard fruitlessCount < PendingCall.maximumFruitless else { return false }
            fruitlessCount += 1
            request = resume.request()
        } else {
            guard !hasFailed, !hasAnswer, !isRepeated, !method.streamsInput,
                refusal != nil || !method.changesWhatServes
            else { return false }
            isRepeated = true
        }
        self.refusal = refusal
        return true
    }
}

/// How a stream is taken up again over another connection, after the messages that have arrived.
struct Resumption: Sendable {
    /// Told of each message on the loop's thread, whether or not anybody has taken it yet.
    let didArrive: @Sendable ([UInt8]) -> Void
    /// What to ask for.
    let request: @Sendable () -> [UInt8]
}

extension Method {
    fileprivate var changesWhatServes: Bool {
        [.swap, .apply, .rollback, .upgrade, .drain, .stop].contains(self)
    }

    fileprivate var streamsInput: Bool {
        shape == .clientStreaming || shape == .bidirectional
    }
}
