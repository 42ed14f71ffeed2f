public import Wire

// What serves, and what could.

extension Client {
    /// The pipeline that serves, as a pipeline file would say it.
    public func pipeline() throws(ClientError) -> GetPipelineReply { try call(.getPipeline) }

    /// Checks the text of a pipeline file; loads nothing.
    public func validate(_ request: ValidateRequest) throws(ClientError) -> ValidateReply {
        try call(.validate, request.bytes)
    }

    /// The generation that serves, then each change of it.
    public func watchGenerations() throws(ClientError) -> EventStream<GenerationChange> {
        try follow(.watchGenerations, EmptyRequest().bytes, "pipeline")
    }

    /// The stages of the plugins in the pipeline's directories.
    ///
    /// - Parameter kind: `unet`, `scheduler`, …; empty for all.
    public func implementations(kind: String = "") throws(ClientError) -> [Implementation] {
        let reply: ListImplementationsReply = try call(
            .listImplementations, ListImplementationsRequest(kind: kind).bytes)
        return reply.implementations
    }

    public func stages() throws(ClientError) -> ListStagesReply { try call(.listStages) }

    /// The generation that serves, those that still have requests, and those that can serve again.
    public func generations() throws(ClientError) -> [GenerationInfo] {
        let reply: ListGenerationsReply = try call(.listGenerations)
        return reply.generations
    }
}
