internal import EventLoop
internal import Pipelines
internal import Wire

// What serves, and what could.
extension ServerSession {
    func answerPipeline(_ method: Wire.Method, _ call: Call) throws(WireError) {
        let stream = call.stream
        switch method {
        case .swap: swap(try SwapRequest(call.payload), call)
        case .apply: apply(try ApplyRequest(call.payload), call)
        case .rollback: rollback(try RollbackRequest(call.payload), call)
        case .validate: validate(try ValidateRequest(call.payload), stream)
        case .listImplementations:
            listImplementations(try ListImplementationsRequest(call.payload).kind, stream)
        default:
            _ = try EmptyRequest(call.payload)
            describe(method, stream)
        }
    }

    private func describe(_ method: Wire.Method, _ stream: UInt32) {
        if method == .watchGenerations {
            return self.stream(core.changes.feed { $0.bytes }, to: stream)
        }
        let status = core.backend.status()
        let generations = status.generations.map { GenerationInfo($0) }
        let stages = generations.first?.stages ?? []
        switch method {
        case .getPipeline:
            let pipeline = core.backend.pipeline
            reply(
                GetPipelineReply(
                    name: pipeline.name, path: pipeline.path, generation: pipeline.generation,
                    text: pipeline.text, stages: stages
                ).bytes, to: stream)
        case .listGenerations:
            reply(ListGenerationsReply(generations: generations).bytes, to: stream)
        default:
            reply(
                ListStagesReply(
                    pipeline: status.pipeline, generation: status.generation, stages: stages
                ).bytes, to: stream)
        }
    }

    private func validate(_ request: ValidateRequest, _ stream: UInt32) {
        guard request.path.hasPrefix("/") else {
            return fail(
                stream,
                Status(
                    .invalidArgument, "path \(request.path) is not absolute", reason: "invalid"))
        }
        work(for: stream) { backend in
            let review = backend.validate(text: request.text, path: request.path)
            return ValidateReply(
                problems: review.problems.map {
                    PipelineProblem(line: $0.line ?? 0, code: $0.code, message: $0.message)
                },
                changes: review.changes.map { Wire.SwapEvent.Change($0) }
            ).bytes
        }
    }

    private func listImplementations(_ kind: String, _ stream: UInt32) {
        work(for: stream) { backend in
            let serving = Set(
                backend.status().generations.first?.stages.map { stage in
                    [stage.summary.kind.rawValue, stage.summary.name]
                } ?? [])
            let offers = backend.offers().filter { kind.isEmpty || $0.kind.rawValue == kind }
            return ListImplementationsReply(
                implementations: offers.map {
                    Implementation(
                        kind: $0.kind.rawValue, name: $0.name, file: $0.file,
                        serving: serving.contains([$0.kind.rawValue, $0.name]))
                }
            ).bytes
        }
    }

    /// Answers a call with what `body` makes on a thread that may work.
    func work(
        for stream: UInt32,
        _ body: @escaping @Sendable (any Backend) throws(Status) -> [UInt8]
    ) {
        let session = LoopBound(self, to: core.loop)
        core.admission.async { [loop = core.loop, backend = core.backend] in
            let answer: Result<[UInt8], Status>
            do throws(Status) {
                answer = .success(try body(backend))
            } catch {
                answer = .failure(error)
            }
            loop.execute {
                let session = session.value
                switch answer {
                case .success(let bytes): session.reply(bytes, to: stream)
                case .failure(let status): session.fail(stream, status)
                }
                session.settle()
            }
        }
    }
}

extension Wire.SwapEvent.Change {
    init(_ change: PipelineReview.Change) {
        self.init(key: change.key, before: change.before ?? "", after: change.after ?? "")
    }
}
