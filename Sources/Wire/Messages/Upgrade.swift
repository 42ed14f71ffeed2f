internal import CProtobufC

/// What `voken.v1.Admin/Upgrade` takes.
public struct UpgradeRequest: Message {
    /// The absolute path of the program to start; empty for the one that runs, as it is on disk
    /// now.
    public var program: String

    public init(program: String = "") { self.program = program }

    public init(_ bytes: [UInt8]) throws(WireError) {
        program = try unsafe unpacking(bytes, with: voken__v1__upgrade_request__unpack) {
            message throws(WireError) in
            try unsafe validText(message.program, "program", limit: TextLimit.path)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__upgrade_request__init) { message, arena in
            unsafe message.program = arena.string(program)
        }
    }
}

/// One message of the stream that it answers.
public struct UpgradeEvent: StreamEvent {
    public enum Kind: Sendable, Equatable {
        /// Something that has been done: `check`, `start` or `ready`.
        case phase(SwapEvent.Phase)
        case upgraded(Upgraded)
        case failed(SwapEvent.Failed)
        /// Of a newer server: to be ignored.
        case unknown
    }

    /// The process that serves now.
    public struct Upgraded: Sendable, Equatable {
        public var pid: Int
        public var version: String

        public init(pid: Int, version: String) {
            self.pid = pid
            self.version = version
        }
    }

    /// From 1, without gaps.
    public var seq: UInt64
    public var kind: Kind

    public init(seq: UInt64, kind: Kind) {
        self.seq = seq
        self.kind = kind
    }

    public static var hasEnd: Bool { true }

    /// Whether this is the last event of its upgrade.
    public var isEnd: Bool {
        switch kind {
        case .upgraded, .failed: true
        default: false
        }
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__upgrade_event__unpack) {
            event throws(WireError) in
            unsafe UpgradeEvent(seq: event.seq, kind: try Kind(event))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__upgrade_event__init) { event, arena in
            unsafe event.seq = seq
            unsafe kind.fill(&event, &arena)
        }
    }
}

extension UpgradeEvent.Kind {
    fileprivate init(_ event: Voken__V1__UpgradeEvent) throws(WireError) {
        switch unsafe event.event_case {
        case VOKEN__V1__UPGRADE_EVENT__EVENT_PHASE:
            self = .phase(try unsafe SwapEvent.Phase(event.phase.pointee))
        case VOKEN__V1__UPGRADE_EVENT__EVENT_UPGRADED:
            let process = unsafe event.upgraded.pointee
            self = unsafe .upgraded(
                UpgradeEvent.Upgraded(
                    pid: Int(process.pid),
                    version: try validText(process.version, "version", limit: TextLimit.name)))
        case VOKEN__V1__UPGRADE_EVENT__EVENT_FAILED:
            self = .failed(try unsafe SwapEvent.Failed(event.failed.pointee))
        default:
            self = .unknown
        }
    }

    fileprivate func fill(_ event: inout Voken__V1__UpgradeEvent, _ arena: inout Arena) {
        switch self {
        case .phase(let phase):
            unsafe event.event_case = VOKEN__V1__UPGRADE_EVENT__EVENT_PHASE
            unsafe event.phase = phase.packed(&arena)
        case .upgraded(let process):
            unsafe event.event_case = VOKEN__V1__UPGRADE_EVENT__EVENT_UPGRADED
            unsafe event.upgraded = arena.message(voken__v1__upgraded__init) { message, arena in
                unsafe message.pid = UInt32(clamping: process.pid)
                unsafe message.version = arena.string(process.version)
            }
        case .failed(let failed):
            unsafe event.event_case = VOKEN__V1__UPGRADE_EVENT__EVENT_FAILED
            unsafe event.failed = failed.packed(&arena)
        case .unknown:
            break
        }
    }
}
