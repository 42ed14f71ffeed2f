public import Wire

// How what serves is replaced.

extension Client {
    /// Replaces a stage. What has begun goes on in the daemon if the stream is dropped.
    ///
    /// The last event is `finished` or `failed`; its `generation` is the one that serves.
    public func swap(_ request: SwapRequest) throws(ClientError) -> EventStream<SwapEvent> {
        try follow(.swap, request.bytes, "swap")
    }

    /// Replaces all stages that differ from those of a pipeline file, or none. The stream is that
    /// of ``swap(_:)``.
    public func apply(_ request: ApplyRequest) throws(ClientError) -> EventStream<SwapEvent> {
        try follow(.apply, request.bytes, "swap")
    }

    /// Lets a generation that is kept serve again. The stream is that of ``swap(_:)``.
    public func rollback(_ request: RollbackRequest) throws(ClientError) -> EventStream<SwapEvent> {
        try follow(.rollback, request.bytes, "swap")
    }

    /// Lets a new process take over the daemon's socket. What has begun goes on if the stream is
    /// dropped.
    ///
    /// The last event is `upgraded` or `failed`. This client stays connected to the old process,
    /// which ends when its last calls have: connect anew.
    public func upgrade(_ request: UpgradeRequest) throws(ClientError) -> EventStream<UpgradeEvent>
    {
        try follow(.upgrade, request.bytes, "upgrade")
    }
}
