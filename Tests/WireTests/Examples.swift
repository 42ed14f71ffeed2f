import Wire

// Messages that are parts of others, with every field set and no two alike.

extension StageInfo {
    static let example = StageInfo(
        kind: "unet", name: "sd", plugin: "StableDiffusionUNet", version: "1.0",
        weightsSHA256: "aa", fileSHA256: "bb", generation: 2, options: "steps = 25\nname = \"🐰\"",
        memory: StageMemory(
            weightsMapped: 1 << 36, weightsPrivate: 1 << 35, caches: 1 << 34,
            activationsPeak: 1 << 33))
}

extension Holder {
    static let example = Holder(job: "j-7", generation: 3, position: "image 1, step 12 of 25")
}

extension GenerationInfo {
    static let example = GenerationInfo(
        number: 4, state: .draining,
        holders: [.example, Holder(job: "", generation: 0, position: "")],
        stages: [.example], ownBytes: 1 << 40)
}

extension SwapEvent.Phase {
    static let example = SwapEvent.Phase(
        name: "self_test", stage: "stage.unet", detail: "3 vectors", microseconds: 1 << 41)
}

extension SwapEvent.Failed {
    static let example = SwapEvent.Failed(
        phase: "contract", code: "incompatible", message: "hidden is 64: use 32",
        stage: "stage.mapper")
}

extension JobProgress {
    static let example = JobProgress(
        scene: 1, scenes: 2, tokens: 3, image: 4, step: 5, steps: 6)
}

extension JobInfo {
    static let example = JobInfo(
        job: "job-7", state: .running, uid: 1000, session: "mia", priority: -10, generation: 3,
        progress: .example, position: "image 1, step 12 of 25", ahead: 4,
        submittedUnixMilliseconds: 1 << 41, waitedMilliseconds: 1 << 42, ranMilliseconds: 1 << 43,
        leftMilliseconds: 1 << 44, lastSeq: .max, onDisconnect: .detach, watchers: 5, images: 6,
        failure: Event.Failed(code: "cancelled", message: "m", hint: "h"))
}

extension SessionSettings {
    static let example = SessionSettings(
        steps: 7, seed: .max, guidance: -0.5, guidanceRescale: 0.25, scheduler: "ddim",
        schedulerOptions: #"{"eta": 1}"#,
        shortcuts: ShortcutOptions(
            guidanceInterval: .init(low: 0.25, high: .infinity), deepCache: 3, tokenMerging: 0))
}

extension SessionInfo {
    static let example = SessionInfo(
        name: "mia", turns: 1, pictures: 2, settings: .example, cacheBytes: 1 << 33,
        pictureBytes: 1 << 34, cachedPositions: 3, createdUnixMilliseconds: 1 << 41,
        usedUnixMilliseconds: 1 << 42, leftMilliseconds: 1 << 43, job: "job-8")
}

extension Turn {
    static let example = Turn(
        user: [.text("Mia"), .picture(1), .text("")], answer: [.picture(2), .text("🐰"), .unknown],
        reason: "illustrated", seed: .max)
}

extension SwapEvent.Change {
    static let example = SwapEvent.Change(key: "stage.unet.model", before: "\"a\"", after: "")
}

extension GenerateRequest {
    static let example = GenerateRequest(
        prompt: "Mia", scenes: 4, images: [[], [1, 2, 0]], steps: 20, seed: .max, guidance: -7.5,
        guidanceRescale: 0.7,
        scheduler: "ddim", timeout: .max, schedulerOptions: #"{"eta": 0.5}"#, priority: -10,
        onDisconnect: .detach, shortcuts: ShortcutOptions(deepCache: 0, tokenMerging: 0.5))
}
