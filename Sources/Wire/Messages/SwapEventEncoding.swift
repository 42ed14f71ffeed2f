internal import CProtobufC

extension SwapEvent {
    public var bytes: [UInt8] {
        unsafe packing(voken__v1__swap_event__init) { event, arena in
            unsafe event.seq = seq
            unsafe event.generation = UInt32(clamping: generation)
            unsafe kind.fill(&event, &arena)
        }
    }
}

extension SwapEvent.Kind {
    fileprivate func fill(_ event: inout Voken__V1__SwapEvent, _ arena: inout Arena) {
        switch self {
        case .change(let change):
            unsafe event.event_case = VOKEN__V1__SWAP_EVENT__EVENT_CHANGE
            unsafe event.change = change.packed(&arena)
        case .phase(let phase):
            unsafe event.event_case = VOKEN__V1__SWAP_EVENT__EVENT_PHASE
            unsafe event.phase = phase.packed(&arena)
        case .committed(let commit):
            unsafe event.event_case = VOKEN__V1__SWAP_EVENT__EVENT_COMMITTED
            unsafe event.committed = arena.message(voken__v1__swap_committed__init) { message, _ in
                unsafe message.generation = UInt32(clamping: commit.generation)
                unsafe message.previous = UInt32(clamping: commit.previous)
                unsafe message.microseconds = UInt64(clamping: commit.microseconds)
                unsafe message.holders = UInt32(clamping: commit.holders)
            }
        case .finished(let finished):
            unsafe event.event_case = VOKEN__V1__SWAP_EVENT__EVENT_FINISHED
            unsafe event.finished = finished.packed(&arena)
        case .failed(let failed):
            unsafe event.event_case = VOKEN__V1__SWAP_EVENT__EVENT_FAILED
            unsafe event.failed = failed.packed(&arena)
        case .unknown:
            break
        }
    }
}

extension SwapEvent.Change {
    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__SwapChange>? {
        unsafe arena.message(voken__v1__swap_change__init) { change, arena in
            unsafe change.key = arena.string(key)
            unsafe change.before = arena.string(before)
            unsafe change.after = arena.string(after)
        }
    }
}

extension SwapEvent.Phase {
    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__SwapPhase> {
        unsafe arena.message(voken__v1__swap_phase__init) { phase, arena in
            unsafe phase.name = arena.string(name)
            unsafe phase.stage = arena.string(stage)
            unsafe phase.detail = arena.string(detail)
            unsafe phase.microseconds = UInt64(clamping: microseconds)
        }
    }
}

extension SwapEvent.Finished {
    fileprivate func packed(
        _ arena: inout Arena
    ) -> UnsafeMutablePointer<Voken__V1__SwapFinished> {
        unsafe arena.message(voken__v1__swap_finished__init) { finished, arena in
            unsafe finished.committed = committed ? 1 : 0
            unsafe finished.drained = drained ? 1 : 0
            unsafe finished.drain_milliseconds = UInt64(clamping: drainMilliseconds)
            unsafe finished.returned_private = UInt64(clamping: returnedPrivate)
            unsafe finished.returned_mapped = UInt64(clamping: returnedMapped)
            unsafe finished.resident_bytes = UInt64(clamping: residentBytes)
            unsafe finished.n_holders = holders.count
            unsafe finished.holders = arena.list(holders) { unsafe $0.packed(&$1) }
            unsafe finished.kept = kept ? 1 : 0
        }
    }
}

extension SwapEvent.Failed {
    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__SwapFailed> {
        unsafe arena.message(voken__v1__swap_failed__init) { failed, arena in
            unsafe failed.phase = arena.string(phase)
            unsafe failed.code = arena.string(code)
            unsafe failed.message = arena.string(message)
            unsafe failed.stage = arena.string(stage)
        }
    }
}
