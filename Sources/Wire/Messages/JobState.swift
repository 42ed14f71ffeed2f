internal import CProtobufC

/// Those of newer daemons pass through as they are.
public struct JobState: RawRepresentable, Sendable, Hashable {
    public var rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let unknown = JobState(rawValue: 0)
    public static let queued = JobState(rawValue: 1)
    public static let running = JobState(rawValue: 2)
    public static let finished = JobState(rawValue: 3)
    public static let failed = JobState(rawValue: 4)
    public static let cancelled = JobState(rawValue: 5)

    init(_ state: Voken__V1__JobState) {
        self.init(rawValue: Int32(truncatingIfNeeded: state.rawValue))
    }

    var packed: Voken__V1__JobState {
        Voken__V1__JobState(rawValue: .init(truncatingIfNeeded: rawValue))
    }
}

/// What becomes of a job whose client goes before its end.
public enum OnDisconnect: Int32, Sendable {
    /// As the pipeline file says: `defaults.on_disconnect`.
    case byDefault = 0
    case cancel = 1
    /// It goes on, and can be watched.
    case detach = 2

    /// `nil` for one of a newer peer.
    init?(_ value: Voken__V1__OnDisconnect) {
        self.init(rawValue: Int32(truncatingIfNeeded: value.rawValue))
    }

    var packed: Voken__V1__OnDisconnect {
        Voken__V1__OnDisconnect(rawValue: .init(truncatingIfNeeded: rawValue))
    }
}
