internal import Pipelines
internal import Wire

extension Status {
    /// What a client is told of a request that was refused or failed.
    init(_ error: RequestError) {
        self.init(
            Status.Code(error.code), error.message, reason: error.code.rawValue,
            retryAfter: error.retryAfter)
    }

    /// What a client is told of a swap that was not done.
    init(_ error: SwapError) {
        self.init(
            Status.Code(swapCode: error.code), error.description, reason: error.code)
    }

    static let shuttingDown = Status(
        .unavailable, "the daemon is shutting down", reason: "shutting_down")
    static let handedOver = Status(
        .unavailable, "another process serves by now: connect anew", reason: "handed_over")
    static let deadlineExceeded = Status(
        .deadlineExceeded, "context deadline exceeded", reason: "deadline_exceeded")
}

extension Status.Code {
    init(_ code: RequestError.Code) {
        switch code {
        case .invalid, .tooLong, .badImage: self = .invalidArgument
        case .queueFull, .clientLimit, .sessionLimit: self = .resourceExhausted
        case .deadlineExceeded: self = .deadlineExceeded
        case .noSession: self = .notFound
        case .sessionExists: self = .alreadyExists
        case .sessionBusy: self = .failedPrecondition
        case .cancelled: self = .cancelled
        case .shuttingDown: self = .unavailable
        case .stageFailed: self = .internal
        }
    }
}

extension Status.Code {
    /// - Parameter code: of a `SwapError`.
    fileprivate init(swapCode code: String) {
        switch SwapError.Code(rawValue: code) {
        case .invalid: self = .invalidArgument
        case .busy: self = .resourceExhausted
        case .notKept: self = .notFound
        case .host: self = .internal
        case .shuttingDown: self = .unavailable
        // What was asked for is sound, and not for this daemon as it is.
        case .disabled, .noModel, .contract, .draining, nil: self = .failedPrecondition
        }
    }
}

extension RequestError.Code {
    /// What a client may do next.
    var hint: String {
        switch self {
        case .invalid: "correct the value that the message names"
        case .tooLong: "shorten the prompt, or ask for fewer scenes"
        case .badImage: "send PNG or JPEG files within the limits"
        case .queueFull: "try again when a job has finished"
        case .clientLimit: "wait for your own jobs to finish, or cancel some"
        case .deadlineExceeded: "allow more time, or ask for fewer scenes or steps"
        case .noSession: "`voken chat` makes a session; those that are not used expire"
        case .sessionExists: "choose another name, or go on with that session"
        case .sessionBusy: "wait for the turn that runs, or cancel it"
        case .sessionLimit: "delete sessions that are not needed"
        case .cancelled: "send the request again if it was not meant to stop"
        case .shuttingDown: "try again when the daemon has started again"
        case .stageFailed: "the daemon's log has more; `voken status` lists the stages"
        }
    }
}
