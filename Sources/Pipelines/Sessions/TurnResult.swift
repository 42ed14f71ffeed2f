/// A turn under way, of one session.
struct SessionLease: Sendable {
    let key: SessionBook.Key
    let serial: Int
}

/// What a turn leaves to its session.
struct TurnResult: Sendable {
    /// `nil` if it failed: then all is as it was, but for the memory.
    var turn: SessionTurn?
    /// That it brought, the user's first.
    var pictures: [SessionPicture] = []
    var memory: ContextMemory
}

extension StoryTask {
    /// - Parameter failure: `nil` once it is finished.
    func turnResult(_ failure: RequestError?) -> TurnResult {
        if let failure {
            // A stage that failed may have left its states half done.
            return TurnResult(
                memory: failure.code == .stageFailed ? ContextMemory() : context.memory)
        }
        let (shown, text) = (order.turn ?? [], order.prompt)
        let user = shown.map { SessionPiece.picture($0 + 1) } + (text.isEmpty ? [] : [.text(text)])
        let answer = answer.map { piece -> SessionPiece in
            switch piece {
            case .text(let text): .text(text)
            case .image(let number): .picture(number + 1)
            }
        }
        return TurnResult(
            turn: SessionTurn(
                user: user, answer: answer, reason: reason, seed: order.seeds.seed),
            pictures: order.shown + drawn.map(SessionPicture.init), memory: context.memory)
    }
}
