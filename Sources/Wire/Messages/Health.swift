internal import CProtobufC

/// What `Check` and `Watch` of `grpc.health.v1.Health` take.
public struct HealthCheckRequest: Message {
    /// Fully qualified; empty for the whole server.
    public var service: String

    public init(service: String) { self.service = service }

    public init(_ bytes: [UInt8]) throws(WireError) {
        service = try unsafe unpacking(
            bytes, with: grpc__health__v1__health_check_request__unpack
        ) { message throws(WireError) in
            try unsafe validText(message.service, "service", limit: 256)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(grpc__health__v1__health_check_request__init) { message, arena in
            unsafe message.service = arena.string(service)
        }
    }
}

/// What `Check` answers, and one message of the stream that `Watch` answers.
public struct HealthCheckResponse: StreamEvent {
    public struct ServingStatus: RawRepresentable, Sendable, Equatable {
        public var rawValue: Int32

        public init(rawValue: Int32) { self.rawValue = rawValue }

        public static let unknown = ServingStatus(rawValue: 0)
        public static let serving = ServingStatus(rawValue: 1)
        public static let notServing = ServingStatus(rawValue: 2)
        /// The server does not have the service: as `Watch` says it.
        public static let serviceUnknown = ServingStatus(rawValue: 3)
    }

    public var status: ServingStatus

    public init(status: ServingStatus) { self.status = status }

    public init(_ bytes: [UInt8]) throws(WireError) {
        status = try unsafe unpacking(
            bytes, with: grpc__health__v1__health_check_response__unpack
        ) { message throws(WireError) in
            unsafe ServingStatus(message.status)
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(grpc__health__v1__health_check_response__init) { message, _ in
            unsafe message.status = status.packed
        }
    }
}

extension HealthCheckResponse.ServingStatus {
    fileprivate init(_ status: Grpc__Health__V1__HealthCheckResponse__ServingStatus) {
        self.init(rawValue: Int32(truncatingIfNeeded: status.rawValue))
    }

    fileprivate var packed: Grpc__Health__V1__HealthCheckResponse__ServingStatus {
        .init(rawValue: .init(truncatingIfNeeded: rawValue))
    }
}

/// What `grpc.health.v1.Health/List` answers.
public struct HealthListResponse: Message {
    /// By fully qualified names, and by "" for the whole server.
    public var statuses: [String: HealthCheckResponse.ServingStatus]

    public init(statuses: [String: HealthCheckResponse.ServingStatus]) {
        self.statuses = statuses
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        statuses = try unsafe unpacking(
            bytes, with: grpc__health__v1__health_list_response__unpack, growth: listGrowth
        ) { message throws(WireError) in
            let entries = try unsafe elements(message.statuses, message.n_statuses) {
                entry throws(WireError) in
                unsafe (
                    try validText(entry.key, "service", limit: 256),
                    try part(entry.value) { unsafe HealthCheckResponse.ServingStatus($0.status) }
                        ?? .unknown
                )
            }
            // Of entries with one key, the last counts.
            return Dictionary(entries) { $1 }
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(grpc__health__v1__health_list_response__init) { message, arena in
            unsafe message.n_statuses = statuses.count
            unsafe message.statuses = arena.list(statuses.sorted { $0.key < $1.key }) {
                entry, arena in
                unsafe arena.message(grpc__health__v1__health_list_response__statuses_entry__init) {
                    pair, arena in
                    unsafe pair.key = arena.string(entry.key)
                    unsafe pair.value = arena.message(
                        grpc__health__v1__health_check_response__init
                    ) { value, _ in unsafe value.status = entry.value.packed }
                }
            }
        }
    }
}
