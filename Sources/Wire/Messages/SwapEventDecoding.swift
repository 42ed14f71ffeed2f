internal import CProtobufC

extension SwapEvent {
    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__swap_event__unpack) {
            event throws(WireError) in
            unsafe SwapEvent(
                seq: event.seq, generation: Int(event.generation), kind: try Kind(event))
        }
    }
}

extension SwapEvent.Kind {
    fileprivate init(_ event: Voken__V1__SwapEvent) throws(WireError) {
        switch unsafe event.event_case {
        case VOKEN__V1__SWAP_EVENT__EVENT_CHANGE:
            self = .change(try unsafe SwapEvent.Change(event.change.pointee))
        case VOKEN__V1__SWAP_EVENT__EVENT_PHASE:
            self = .phase(try unsafe SwapEvent.Phase(event.phase.pointee))
        case VOKEN__V1__SWAP_EVENT__EVENT_COMMITTED:
            let commit = unsafe event.committed.pointee
            self = unsafe .committed(
                SwapEvent.Committed(
                    generation: Int(commit.generation), previous: Int(commit.previous),
                    microseconds: Int(clamping: commit.microseconds),
                    holders: Int(commit.holders)))
        case VOKEN__V1__SWAP_EVENT__EVENT_FINISHED:
            self = .finished(try unsafe SwapEvent.Finished(event.finished.pointee))
        case VOKEN__V1__SWAP_EVENT__EVENT_FAILED:
            self = .failed(try unsafe SwapEvent.Failed(event.failed.pointee))
        default:
            self = .unknown
        }
    }
}

extension SwapEvent.Change {
    init(_ change: Voken__V1__SwapChange) throws(WireError) {
        unsafe self.init(
            key: try validText(change.key, "a change's key", limit: TextLimit.options),
            before: try validText(change.before, "a value before", limit: TextLimit.file),
            after: try validText(change.after, "a value after", limit: TextLimit.file))
    }
}

extension SwapEvent.Phase {
    init(_ phase: Voken__V1__SwapPhase) throws(WireError) {
        unsafe self.init(
            name: try validText(phase.name, "a phase's name", limit: TextLimit.name),
            stage: try validText(phase.stage, "a phase's stage", limit: TextLimit.name),
            detail: try validText(phase.detail, "a phase's detail", limit: TextLimit.message),
            microseconds: Int(clamping: phase.microseconds))
    }
}

extension SwapEvent.Finished {
    fileprivate init(_ finished: Voken__V1__SwapFinished) throws(WireError) {
        unsafe self.init(
            committed: finished.committed != 0, drained: finished.drained != 0,
            drainMilliseconds: Int(clamping: finished.drain_milliseconds),
            returnedPrivate: Int(clamping: finished.returned_private),
            returnedMapped: Int(clamping: finished.returned_mapped),
            residentBytes: Int(clamping: finished.resident_bytes),
            holders: try elements(finished.holders, finished.n_holders) {
                holder throws(WireError) in
                try unsafe Holder(holder)
            },
            kept: finished.kept != 0)
    }
}

extension SwapEvent.Failed {
    init(_ failed: Voken__V1__SwapFailed) throws(WireError) {
        unsafe self.init(
            phase: try validText(failed.phase, "a failure's phase", limit: TextLimit.name),
            code: try validText(failed.code, "a failure's code", limit: TextLimit.name),
            message: try validText(failed.message, "a failure's text", limit: TextLimit.message),
            stage: try validText(failed.stage, "a failure's stage", limit: TextLimit.name))
    }

    init?(ifPresent failed: UnsafePointer<Voken__V1__SwapFailed>?) throws(WireError) {
        guard let failed = unsafe failed else { return nil }
        try unsafe self.init(failed.pointee)
    }
}
