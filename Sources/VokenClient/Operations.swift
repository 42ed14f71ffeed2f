public import Wire

// What an operator asks.

extension Client {
    /// Counters since the daemon's start.
    public func stats() throws(ClientError) -> StatsReply { try call(.stats) }

    /// The same and the status, in the text format of Prometheus.
    public func metrics() throws(ClientError) -> String {
        let reply: MetricsReply = try call(.metrics)
        return reply.text
    }

    /// The `google.protobuf.FileDescriptorSet` of all services.
    public func descriptors() throws(ClientError) -> [UInt8] {
        let reply: GetDescriptorsReply = try call(.getDescriptors)
        return reply.fileDescriptorSet
    }

    /// The last records of the log and, if the request says so, those to come.
    public func logs(_ request: LogsRequest) throws(ClientError) -> EventStream<LogRecord> {
        try follow(.logs, request.bytes, "log")
    }

    /// - Returns: the level before.
    public func setLogLevel(_ level: String) throws(ClientError) -> String {
        let reply: SetLogLevelReply = try call(.setLogLevel, SetLogLevelRequest(level: level).bytes)
        return reply.previous
    }

    /// Lets the daemon take no more jobs, and end when those that it has are over.
    ///
    /// - Returns: how many those are.
    public func drain() throws(ClientError) -> Int {
        let reply: DrainReply = try call(.drain)
        return reply.jobs
    }

    /// Lets the daemon cancel all jobs, and end.
    ///
    /// - Returns: how many jobs are cancelled.
    public func stop() throws(ClientError) -> Int {
        let reply: StopReply = try call(.stop)
        return reply.jobs
    }
}

// MARK: - Health

extension Client {
    /// Whether the daemon takes requests.
    ///
    /// - Parameter service: fully qualified; empty for the whole daemon.
    public func isServing(_ service: String = "") throws(ClientError) -> Bool {
        let reply: HealthCheckResponse = try call(
            .healthCheck, HealthCheckRequest(service: service).bytes)
        return reply.status == .serving
    }

    /// Of each service by its fully qualified name, and by "" of the whole daemon.
    public func health() throws(ClientError) -> [String: HealthCheckResponse.ServingStatus] {
        let reply: HealthListResponse = try call(.healthList)
        return reply.statuses
    }

    /// The status at once, then each change of it.
    public func watchHealth(
        _ service: String = ""
    ) throws(ClientError) -> EventStream<HealthCheckResponse> {
        try follow(.healthWatch, HealthCheckRequest(service: service).bytes, "health")
    }
}
