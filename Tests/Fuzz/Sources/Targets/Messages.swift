import Wire

extension Target {
    /// All types that conform to `Message`: `./run` looks whether one is missing.
    static let messages: [Target] = [
        message(ApplyRequest.self),
        message(CancelReply.self),
        message(CancelRequest.self),
        message(EmptyRequest.self),
        message(Event.self),
        message(GenerateRequest.self),
        message(HealthCheckRequest.self),
        message(HealthCheckResponse.self),
        message(ListGenerationsReply.self),
        message(ListStagesReply.self),
        message(RollbackRequest.self),
        message(StatusReply.self),
        message(SwapEvent.self),
        message(SwapRequest.self),
        message(UpgradeEvent.self),
        message(UpgradeRequest.self),
        message(VersionReply.self),
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
