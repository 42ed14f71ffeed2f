internal import CProtobufC

/// What `grpc.health.v1.Health/Check` takes.
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

/// What it answers.
public struct HealthCheckResponse: Message {
    public struct ServingStatus: RawRepresentable, Sendable, Equatable {
        public var rawValue: Int32

        public init(rawValue: Int32) { self.rawValue = rawValue }

        public static let unknown = ServingStatus(rawValue: 0)
        public static let serving = ServingStatus(rawValue: 1)
        public static let notServing = ServingStatus(rawValue: 2)
    }

    public var status: ServingStatus

    public init(status: ServingStatus) { self.status = status }

    public init(_ bytes: [UInt8]) throws(WireError) {
        status = try unsafe unpacking(
            bytes, with: grpc__health__v1__health_check_response__unpack
        ) { message throws(WireError) in
            unsafe ServingStatus(rawValue: Int32(message.status.rawValue))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(grpc__health__v1__health_check_response__init) { message, _ in
            unsafe message.status = Grpc__Health__V1__HealthCheckResponse__ServingStatus(
                rawValue: .init(truncatingIfNeeded: status.rawValue))
        }
    }
}
