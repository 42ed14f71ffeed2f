internal import Wire

// grpc.health.v1: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
extension ServerSession {
    func answerHealth(_ method: Wire.Method, _ call: Call) throws(WireError) {
        let stream = call.stream
        switch method {
        case .healthCheck:
            let service = try HealthCheckRequest(call.payload).service
            guard isKnown(service) else {
                return fail(stream, Status(.notFound, "unknown service", reason: "no_service"))
            }
            reply(HealthCheckResponse(status: core.health.value).bytes, to: stream)
        case .healthWatch:
            let isKnown = isKnown(try HealthCheckRequest(call.payload).service)
            self.stream(
                core.health.feed { status in
                    HealthCheckResponse(status: isKnown ? status : .serviceUnknown).bytes
                }, to: stream)
        default:
            _ = try EmptyRequest(call.payload)
            let statuses = ([""] + Services.names).map { ($0, core.health.value) }
            reply(
                HealthListResponse(statuses: Dictionary(uniqueKeysWithValues: statuses)).bytes,
                to: stream)
        }
    }

    private func isKnown(_ service: String) -> Bool {
        service.isEmpty || Services.names.contains(service)
    }
}
