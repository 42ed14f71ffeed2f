internal import CProtobufC

extension Event {
    public var bytes: [UInt8] {
        unsafe packing(voken__v1__event__init) { unsafe fill(&$0, &$1) }
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Event>? {
        unsafe arena.message(voken__v1__event__init) { unsafe fill(&$0, &$1) }
    }

    private func fill(_ event: inout Voken__V1__Event, _ arena: inout Arena) {
        unsafe event.seq = seq
        unsafe event.job = arena.string(job)
        unsafe event.generation = UInt32(clamping: generation)
        unsafe kind.fill(&event, &arena)
    }
}

extension Event.Kind {
    fileprivate func fill(_ event: inout Voken__V1__Event, _ arena: inout Arena) {
        switch self {
        case .accepted(let ahead):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_ACCEPTED
            unsafe event.accepted = arena.message(voken__v1__accepted__init) { accepted, _ in
                unsafe accepted.ahead = UInt32(clamping: ahead)
            }
        case .started(let seed):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_STARTED
            unsafe event.started = arena.message(voken__v1__started__init) { started, _ in
                unsafe started.seed = seed
            }
        case .sceneBegan(let index, let total):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_SCENE_BEGAN
            unsafe event.scene_began = arena.message(voken__v1__scene_began__init) { scene, _ in
                unsafe scene.index = UInt32(clamping: index)
                unsafe scene.total = UInt32(clamping: total)
            }
        case .text(let text):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_TEXT_DELTA
            unsafe event.text_delta = arena.message(voken__v1__text_delta__init) { delta, arena in
                unsafe delta.text = arena.string(text)
            }
        case .imageBegan(let image):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_IMAGE_BEGIN
            unsafe event.image_begin = arena.message(voken__v1__image_begin__init) {
                begin, arena in
                unsafe begin.index = UInt32(clamping: image.index)
                unsafe begin.width = UInt32(clamping: image.width)
                unsafe begin.height = UInt32(clamping: image.height)
                unsafe begin.calls = UInt32(clamping: image.calls)
                unsafe begin.seed = image.seed
                unsafe begin.scheduler = arena.string(image.scheduler)
            }
        case .step(let image, let count, let total):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_STEP
            unsafe event.step = arena.message(voken__v1__step__init) { step, _ in
                unsafe step.image = UInt32(clamping: image)
                unsafe step.step = UInt32(clamping: count)
                unsafe step.total = UInt32(clamping: total)
            }
        case .imageChunk(let index, let data):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_IMAGE_CHUNK
            unsafe event.image_chunk = arena.message(voken__v1__image_chunk__init) {
                chunk, arena in
                unsafe chunk.index = UInt32(clamping: index)
                unsafe chunk.data = arena.bytes(data)
            }
        case .imageDone(let image):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_IMAGE_DONE
            unsafe event.image_done = arena.message(voken__v1__image_done__init) { done, arena in
                unsafe image.fill(&done, &arena)
            }
        case .sceneEnded(let index, let reason):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_SCENE_ENDED
            unsafe event.scene_ended = arena.message(voken__v1__scene_ended__init) {
                scene, arena in
                unsafe scene.index = UInt32(clamping: index)
                unsafe scene.reason = arena.string(reason)
            }
        case .finished(let summary):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_FINISHED
            unsafe event.finished = arena.message(voken__v1__finished__init) { finished, _ in
                unsafe finished.scenes = UInt32(clamping: summary.scenes)
                unsafe finished.images = UInt32(clamping: summary.images)
                unsafe finished.tokens = UInt32(clamping: summary.tokens)
                unsafe finished.milliseconds = UInt64(clamping: summary.milliseconds)
            }
        case .failed(let failure):
            unsafe event.event_case = VOKEN__V1__EVENT__EVENT_FAILED
            unsafe event.failed = failure.packed(&arena)
        case .unknown:
            break
        }
    }
}

extension Event.ImageDone {
    fileprivate func fill(_ done: inout Voken__V1__ImageDone, _ arena: inout Arena) {
        unsafe done.index = UInt32(clamping: index)
        unsafe done.width = UInt32(clamping: width)
        unsafe done.height = UInt32(clamping: height)
        unsafe done.png = arena.bytes(png)
        unsafe done.sha256 = arena.string(sha256)
        unsafe done.n_recipe = recipe.count
        unsafe done.recipe = arena.list(recipe) { entry, arena in
            unsafe arena.message(voken__v1__recipe_entry__init) { message, arena in
                unsafe message.key = arena.string(entry.key)
                unsafe message.value = arena.string(entry.value)
            }
        }
    }
}

extension Event.Failed {
    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Failed>? {
        unsafe arena.message(voken__v1__failed__init) { failed, arena in
            unsafe failed.code = arena.string(code)
            unsafe failed.message = arena.string(message)
            unsafe failed.hint = arena.string(hint)
        }
    }
}
