internal import Checkpoints
internal import Pipelines
internal import Wire

// What sessions are, on the wire.

extension TurnRequest {
    init(_ request: GenerateRequest) throws(RequestError) {
        guard request.scenes == nil else {
            throw RequestError(.invalid, "a turn is one scene: leave `scenes` out")
        }
        self.init(
            text: request.prompt, images: request.images,
            settings: Pipelines.SessionSettings(
                steps: request.steps, seed: request.seed, guidance: request.guidance,
                guidanceRescale: request.guidanceRescale,
                scheduler: request.scheduler,
                schedulerOptions: try options(request.schedulerOptions),
                shortcuts: ShortcutSettings(request.shortcuts)))
    }
}

extension Pipelines.SessionSettings {
    init(_ settings: Wire.SessionSettings) throws(RequestError) {
        self.init(
            steps: settings.steps, seed: settings.seed, guidance: settings.guidance,
            guidanceRescale: settings.guidanceRescale,
            scheduler: settings.scheduler,
            schedulerOptions: try options(settings.schedulerOptions),
            shortcuts: ShortcutSettings(settings.shortcuts))
    }
}

extension Wire.SessionSettings {
    init(_ settings: Pipelines.SessionSettings) {
        self.init(
            steps: settings.steps, seed: settings.seed, guidance: settings.guidance,
            guidanceRescale: settings.guidanceRescale,
            scheduler: settings.scheduler,
            schedulerOptions: optionsText(settings.schedulerOptions),
            shortcuts: ShortcutOptions(settings.shortcuts))
    }
}

extension ShortcutSettings {
    init(_ options: ShortcutOptions) {
        self.init(
            guidanceInterval: options.guidanceInterval.map {
                GuidanceInterval(low: $0.low, high: $0.high)
            }, deepCache: options.deepCache, tokenMerging: options.tokenMerging)
    }
}

extension ShortcutOptions {
    fileprivate init(_ settings: ShortcutSettings) {
        self.init(
            guidanceInterval: settings.guidanceInterval.map {
                GuidanceInterval(low: $0.low, high: $0.high)
            }, deepCache: settings.deepCache, tokenMerging: settings.tokenMerging)
    }
}

/// - Throws: if the text is not options of a scheduler.
func options(_ text: String) throws(RequestError) -> [String: SettingValue] {
    do {
        return try parseOptions(text)
    } catch {
        throw RequestError(.invalid, "scheduler: \(error)")
    }
}

extension SessionInfo {
    init(_ summary: SessionSummary) {
        self.init(
            name: summary.name, turns: summary.turns, pictures: summary.pictures,
            settings: Wire.SessionSettings(summary.settings), cacheBytes: summary.cacheBytes,
            pictureBytes: summary.pictureBytes, cachedPositions: summary.cachedPositions,
            createdUnixMilliseconds: summary.createdUnixMilliseconds,
            usedUnixMilliseconds: summary.usedUnixMilliseconds,
            leftMilliseconds: summary.left?.milliseconds ?? 0, job: summary.job ?? "")
    }
}

extension Turn {
    init(_ turn: SessionTurn) {
        self.init(
            user: turn.user.map { TurnPiece($0) }, answer: turn.answer.map { TurnPiece($0) },
            reason: turn.reason.rawValue, seed: turn.seed)
    }
}

extension TurnPiece {
    fileprivate init(_ piece: SessionPiece) {
        switch piece {
        case .text(let text): self = .text(text)
        case .picture(let number): self = .picture(number)
        }
    }
}
