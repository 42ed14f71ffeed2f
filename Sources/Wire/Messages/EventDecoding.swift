internal import CProtobufC

extension Event {
    private static let nameLimit = 256
    private static let textLimit = 1 << 20
    private static let messageLimit = 64 << 10

    /// The number of a packed event, read without unpacking it; `nil` if it has none.
    public static func seq(of bytes: [UInt8]) -> UInt64? {
        var fields = FieldReader(bytes[...])
        while let (number, value) = try? fields.next() {
            if number == 1, case .varint(let seq) = value { return seq }
        }
        return nil
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__event__unpack) {
            event throws(WireError) in try unsafe Event(event)
        }
    }

    init(_ event: Voken__V1__Event) throws(WireError) {
        unsafe self.init(
            seq: event.seq, job: try validText(event.job, "job", limit: TextLimit.id),
            generation: Int(event.generation), kind: try Kind(event))
    }
}

extension Event.Kind {
    fileprivate init(_ event: Voken__V1__Event) throws(WireError) {
        switch unsafe event.event_case {
        case VOKEN__V1__EVENT__EVENT_ACCEPTED:
            self = unsafe .accepted(ahead: Int(event.accepted.pointee.ahead))
        case VOKEN__V1__EVENT__EVENT_STARTED:
            self = unsafe .started(seed: event.started.pointee.seed)
        case VOKEN__V1__EVENT__EVENT_SCENE_BEGAN:
            let scene = unsafe event.scene_began.pointee
            self = unsafe .sceneBegan(index: Int(scene.index), total: Int(scene.total))
        case VOKEN__V1__EVENT__EVENT_TEXT_DELTA:
            self = .text(
                try unsafe validText(
                    event.text_delta.pointee.text, "text", limit: Event.textLimit))
        case VOKEN__V1__EVENT__EVENT_IMAGE_BEGIN:
            self = .imageBegan(try unsafe Event.ImageBegin(event.image_begin.pointee))
        case VOKEN__V1__EVENT__EVENT_STEP:
            let step = unsafe event.step.pointee
            self = unsafe .step(
                image: Int(step.image), step: Int(step.step), total: Int(step.total))
        case VOKEN__V1__EVENT__EVENT_IMAGE_CHUNK:
            let chunk = unsafe event.image_chunk.pointee
            self = unsafe .imageChunk(index: Int(chunk.index), data: [UInt8](chunk.data))
        case VOKEN__V1__EVENT__EVENT_IMAGE_DONE:
            self = .imageDone(try unsafe Event.ImageDone(event.image_done.pointee))
        case VOKEN__V1__EVENT__EVENT_SCENE_ENDED:
            let scene = unsafe event.scene_ended.pointee
            self = unsafe .sceneEnded(
                index: Int(scene.index),
                reason: try validText(scene.reason, "reason", limit: Event.nameLimit))
        case VOKEN__V1__EVENT__EVENT_FINISHED:
            let summary = unsafe event.finished.pointee
            self = unsafe .finished(
                Event.Finished(
                    scenes: Int(summary.scenes), images: Int(summary.images),
                    tokens: Int(summary.tokens), milliseconds: Int(clamping: summary.milliseconds)))
        case VOKEN__V1__EVENT__EVENT_FAILED:
            self = .failed(try unsafe Event.Failed(event.failed.pointee))
        default:
            self = .unknown
        }
    }
}

extension Event.ImageBegin {
    fileprivate init(_ image: Voken__V1__ImageBegin) throws(WireError) {
        unsafe self.init(
            index: Int(image.index), width: Int(image.width), height: Int(image.height),
            calls: Int(image.calls), seed: image.seed,
            scheduler: try validText(image.scheduler, "scheduler", limit: Event.nameLimit))
    }
}

extension Event.ImageDone {
    fileprivate init(_ image: Voken__V1__ImageDone) throws(WireError) {
        unsafe self.init(
            index: Int(image.index), width: Int(image.width), height: Int(image.height),
            png: [UInt8](image.png),
            sha256: try validText(image.sha256, "sha256", limit: Event.nameLimit),
            recipe: try elements(image.recipe, image.n_recipe) { entry throws(WireError) in
                unsafe Event.RecipeEntry(
                    key: try validText(entry.key, "a recipe's key", limit: Event.nameLimit),
                    value: try validText(entry.value, "a recipe's value", limit: Event.messageLimit)
                )
            })
    }
}

extension Event.Failed {
    init(_ failure: Voken__V1__Failed) throws(WireError) {
        unsafe self.init(
            code: try validText(failure.code, "code", limit: Event.nameLimit),
            message: try validText(failure.message, "message", limit: Event.messageLimit),
            hint: try validText(failure.hint, "hint", limit: Event.messageLimit))
    }
}
