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
