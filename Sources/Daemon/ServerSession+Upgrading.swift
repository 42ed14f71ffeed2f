internal import Wire

// The call that lets another process serve. It goes on if its client goes.
extension ServerSession {
    func upgrade(_ request: UpgradeRequest, _ call: Call) {
        let stream = call.stream
        upgrades[stream] = 0
        whenAbandoned(stream) { [unowned self] in upgrades[stream] = nil }  // it goes on
        core.upgrade(to: request.program.isEmpty ? nil : request.program) { [self] progress in
            deliver(progress, stream)
            settle()
        }
    }

    private func deliver(_ progress: UpgradeProgress, _ stream: UInt32) {
        guard let seq = upgrades[stream] else { return }
        upgrades[stream] = seq + 1
        send(UpgradeEvent(seq: seq + 1, kind: UpgradeEvent.Kind(progress)).bytes, on: stream)
        switch progress {
        case .phase: break
        case .upgraded:
            upgrades[stream] = nil
            finish(stream)
        case .failed(let failure):
            upgrades[stream] = nil
            fail(stream, Status(failure))
        }
    }
}

extension UpgradeEvent.Kind {
    fileprivate init(_ progress: UpgradeProgress) {
        self =
            switch progress {
            case .phase(let phase, let detail, let microseconds):
                .phase(
                    .init(
                        name: phase.rawValue, stage: "", detail: detail,
                        microseconds: microseconds))
            case .upgraded(let pid, let version): .upgraded(.init(pid: pid, version: version))
            case .failed(let failure):
                .failed(
                    .init(
                        phase: failure.phase.rawValue, code: failure.code.rawValue,
                        message: failure.message, stage: ""))
            }
    }
}

extension Status {
    /// What a client is told of an upgrade that was not done.
    fileprivate init(_ failure: UpgradeFailure) {
        let code: Code =
            switch failure.code {
            case .notFound: .notFound
            case .notTrusted: .failedPrecondition
            case .startFailed, .successorFailed: .internal
            case .successorHung: .deadlineExceeded
            case .busy: .resourceExhausted
            case .shuttingDown: .unavailable
            }
        self.init(code, failure.message, reason: failure.code.rawValue)
    }
}
