internal import Glibc
internal import Logging
internal import Pipelines
internal import Wire

// The daemon itself: how it does, what it logs, how it ends.
extension ServerSession {
    func answerAdmin(_ method: Wire.Method, _ call: Call) throws(WireError) {
        let stream = call.stream
        switch method {
        case .upgrade: upgrade(try UpgradeRequest(call.payload), call)
        case .logs: follow(try LogsRequest(call.payload), stream)
        case .setLogLevel: setLogLevel(try SetLogLevelRequest(call.payload).level, stream)
        default:
            _ = try EmptyRequest(call.payload)
            switch method {
            case .version:
                reply(
                    VersionReply(
                        version: core.settings.version, protocol: Services.protocolVersion
                    ).bytes, to: stream)
            case .stats: reply(core.stats.bytes, to: stream)
            case .metrics:
                reply(
                    MetricsReply(text: Metrics(core.statusReply, core.stats).text).bytes, to: stream
                )
            case .getDescriptors:
                reply(GetDescriptorsReply(fileDescriptorSet: Descriptors.set).bytes, to: stream)
            case .drain:
                reply(DrainReply(jobs: core.jobs.liveCount).bytes, to: stream)
                settle()
                if core.isServing { core.drain() }
            case .stop:
                reply(StopReply(jobs: core.jobs.liveCount).bytes, to: stream)
                settle()
                core.stop()
            default: reply(core.statusReply.bytes, to: stream)
            }
        }
    }

    private func follow(_ request: LogsRequest, _ stream: UInt32) {
        guard let level = request.level.isEmpty ? .trace : Logger.Level(rawValue: request.level)
        else { return fail(stream, .noLevel(request.level)) }
        self.stream(
            LogFeed(
                core.book, tail: request.tail, follows: request.follow, from: level,
                loop: core.loop), to: stream)
    }

    private func setLogLevel(_ name: String, _ stream: UInt32) {
        guard let level = Logger.Level(rawValue: name) else {
            return fail(stream, .noLevel(name))
        }
        let previous = core.book.level
        core.book.level = level
        core.logger.notice("log level changed", metadata: ["level": "\(level)"])
        reply(SetLogLevelReply(previous: previous.rawValue).bytes, to: stream)
    }
}

extension Status {
    fileprivate static func noLevel(_ name: String) -> Status {
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        return Status(
            .invalidArgument, "\"\(name)\" is not a log level; there are \(levels)",
            reason: "invalid")
    }
}

extension ServerCore {
    var statusReply: StatusReply {
        let status = backend.status()
        let generations = status.generations.map { GenerationInfo($0) }
        return StatusReply(
            pid: Int(getpid()), version: settings.version,
            uptimeMilliseconds: (ContinuousClock.now - began).milliseconds,
            pipeline: status.pipeline, generation: status.generation,
            stages: generations.first?.stages ?? [], queued: status.queued,
            running: status.running, finished: status.finished, failed: status.failed,
            residentBytes: residentBytes(), connections: connectionCount,
            generations: generations, images: status.images, imageBytes: status.imageBytes,
            lastFailure: status.lastSwapFailure.map { SwapEvent.Failed($0) },
            cancelled: status.cancelled, ledgerBytes: status.ledgerBytes)
    }

    var stats: StatsReply {
        let sessions = backend.sessions?.totals ?? SessionTotals()
        let prompts = backend.promptCache
        return StatsReply(
            stages: backend.stageCounters.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                StageCalls(
                    kind: $0.key.rawValue, calls: $0.value.calls, items: $0.value.items,
                    microseconds: $0.value.nanoseconds / 1000)
            },
            methods: counters.methods, waited: Histogram(counters.waited),
            ran: Histogram(counters.ran), refused: counters.refusals,
            connections: takenCount, cutOff: cutOffs,
            sessions: sessions.sessions, sessionBytes: sessions.bytes + sessions.cacheBytes,
            openDescriptors: openDescriptors(), keptJobs: jobs.endedCount,
            keptBytes: jobs.endedBytes,
            promptCache: PromptCacheStats(
                bytes: prompts.bytes, pieces: prompts.pieces, positions: prompts.asked,
                reused: prompts.reused))
    }
}

extension Histogram {
    fileprivate init(_ counts: DurationCounts) {
        self.init(
            boundsMilliseconds: DurationCounts.bounds, counts: counts.counts,
            sumMilliseconds: counts.sum.milliseconds)
    }
}
