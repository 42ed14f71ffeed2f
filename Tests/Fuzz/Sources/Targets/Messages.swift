import Wire

extension Target {
    /// All types that conform to `Message`: `./run` looks whether one is missing.
    static let messages: [Target] = [
        message(ApplyRequest.self),
        message(ArtifactPart.self),
        message(CancelReply.self),
        message(CancelRequest.self),
        message(CreateSessionRequest.self),
        message(DeleteSessionReply.self),
        message(DeleteSessionRequest.self),
        message(DrainReply.self),
        message(EmptyRequest.self),
        message(Event.self),
        message(ExportSessionRequest.self),
        message(ForkSessionRequest.self),
        message(GenerateRequest.self),
        message(GenerationChange.self),
        message(GetArtifactRequest.self),
        message(GetDescriptorsReply.self),
        message(GetJobRequest.self),
        message(GetPipelineReply.self),
        message(GetSessionRequest.self),
        message(HealthCheckRequest.self),
        message(HealthCheckResponse.self),
        message(HealthListResponse.self),
        message(JobInfo.self),
        message(ListGenerationsReply.self),
        message(ListImplementationsReply.self),
        message(ListImplementationsRequest.self),
        message(ListJobsReply.self),
        message(ListJobsRequest.self),
        message(ListSessionsReply.self),
        message(ListStagesReply.self),
        message(LogRecord.self),
        message(LogsRequest.self),
        message(MetricsReply.self),
        message(PollReply.self),
        message(PollRequest.self),
        message(ReflectionRequest.self),
        message(ReflectionResponse.self),
        message(RollbackRequest.self),
        message(SendRequest.self),
        message(SessionHistory.self),
        message(SessionInfo.self),
        message(SessionPart.self),
        message(SetLogLevelReply.self),
        message(SetLogLevelRequest.self),
        message(StatsReply.self),
        message(StatusReply.self),
        message(StopReply.self),
        message(SwapEvent.self),
        message(SwapRequest.self),
        message(TruncateSessionRequest.self),
        message(UpgradeEvent.self),
        message(UpgradeRequest.self),
        message(ValidateReply.self),
        message(ValidateRequest.self),
        message(VersionReply.self),
        message(WatchRequest.self),
    ]

    /// What was read is written such that it reads the same. Bytes are compared, since a NaN is
    /// not equal to itself.
    private static func message<M: Message>(_ type: M.Type) -> Target {
        Target("message-\(M.self)", longest: 2048, heap: HeapBound(each: 200)) { bytes in
            guard let first = try? M(bytes) else { return }
            let written = first.bytes
            let second = try M(written)
            expect(second.bytes == written, "\(first) reads back as \(second)")
        }
    }
}
