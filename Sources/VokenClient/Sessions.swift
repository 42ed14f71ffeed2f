public import Wire

// Conversations, which the daemon keeps between their turns.

extension Client {
    public func createSession(
        _ request: CreateSessionRequest = CreateSessionRequest()
    ) throws(ClientError) -> SessionInfo {
        try call(.createSession, request.bytes)
    }

    /// One turn. A turn that fails or is cancelled leaves the session as it was.
    public func send(_ request: SendRequest) throws(ClientError) -> Story {
        let images = ImageParts()
        return try follow(.sendTurn, request.bytes, timeout: request.turn.timeout, "turn") {
            event throws(ClientError) in try images.joined(event)
        }
    }

    /// One turn as a job that nobody follows yet.
    public func submit(_ request: SendRequest) throws(ClientError) -> JobInfo {
        try call(.submitTurn, request.bytes)
    }

    public func session(_ name: String) throws(ClientError) -> SessionHistory {
        try call(.getSession, GetSessionRequest(session: name).bytes)
    }

    /// The one used last first.
    public func sessions() throws(ClientError) -> [SessionInfo] {
        let reply: ListSessionsReply = try call(.listSessions)
        return reply.sessions
    }

    /// Makes a session with the first turns of another.
    public func forkSession(_ request: ForkSessionRequest) throws(ClientError) -> SessionInfo {
        try call(.forkSession, request.bytes)
    }

    /// Forgets the last turns.
    ///
    /// - Parameter turns: the first so many stay.
    public func truncateSession(_ name: String, turns: Int) throws(ClientError) -> SessionInfo {
        try call(.truncateSession, TruncateSessionRequest(session: name, turns: turns).bytes)
    }

    /// All of a session, in an order that ``importSession(_:)`` takes.
    public func exportSession(_ name: String) throws(ClientError) -> EventStream<SessionPart> {
        try follow(.exportSession, ExportSessionRequest(session: name).bytes, "session")
    }

    /// Makes a session of the parts of an exported one. They are taken as the daemon reads them.
    public func importSession(
        _ parts: some Sequence<SessionPart>
    ) throws(ClientError) -> SessionInfo {
        try upload(.importSession, parts.lazy.map(\.bytes))
    }

    public func deleteSession(_ name: String) throws(ClientError) {
        let _: DeleteSessionReply = try call(
            .deleteSession, DeleteSessionRequest(session: name).bytes)
    }
}
