internal import Pipelines
internal import Wire

extension Status {
    /// What a client is told of a request that was refused or failed.
    init(_ error: RequestError) {
        self.init(Status.Code(error.code), error.message)
    }

    static let shuttingDown = Status(.unavailable, "the daemon is shutting down")
    static let deadlineExceeded = Status(.deadlineExceeded, "context deadline exceeded")
}

extension Status.Code {
    init(_ code: RequestError.Code) {
        switch code {
        case .invalid, .tooLong, .badImage: self = .invalidArgument
        case .queueFull: self = .resourceExhausted
        case .cancelled: self = .cancelled
        case .shuttingDown: self = .unavailable
        case .stageFailed: self = .internal
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
        case .cancelled: "send the request again if it was not meant to stop"
        case .shuttingDown: "try again when the daemon has started again"
        case .stageFailed: "the daemon's log has more; `voken status` lists the stages"
        }
    }
}
