import Stages
import Tensors
import Testing

@Suite struct StageChecksTests {
    /// Every stage of this build's plugins that needs no weights.
    @Test(arguments: [
        ("echo", StageKind.imageEncoder), ("echo", .languageModel), ("echo", .featureMapper),
        ("echo", .unet), ("echo", .vae), ("echo", .scheduler), ("echo", .textEncoder),
        ("ddim", .scheduler), ("pndm", .scheduler), ("deis", .scheduler),
        ("dpmpp_2m", .scheduler), ("dpmpp_2m_sde", .scheduler), ("dpmpp_2m_inverse", .scheduler),
        ("dpmpp_2s", .scheduler), ("sa_solver", .scheduler), ("unipc", .scheduler),
    ])
    func stageKeepsItsWord(_ name: String, _ kind: StageKind) throws {
        let stage: any Stage = try loadStage(kind, name, nil)
        try StageChecks.run(stage)
    }

    @Test(arguments: Fault.allCases)
    func brokenMapperIsFound(_ fault: Fault) throws {
        let error = try #require(throws: StageCheckError.self) {
            try StageChecks.run(BrokenMapper(fault))
        }
        #expect(error.check == fault.check)
        #expect(error.stage.name == "broken")
    }

    @Test(arguments: [true, false])
    func brokenUNetIsFound(preparesOtherwise: Bool) throws {
        let error = try #require(throws: StageCheckError.self) {
            try StageChecks.run(BrokenUNet(preparesOtherwise: preparesOtherwise))
        }
        #expect(error.check == (preparesOtherwise ? "predict prepared" : "deep_cache"))
    }

    @Test func brokenSchedulerIsFound() throws {
        let endless = try #require(throws: StageCheckError.self) {
            try StageChecks.run(EndlessScheduler(StageContext(model: nil)))
        }
        #expect(endless.message.contains("not all finite"))
        let wrong = try #require(throws: StageCheckError.self) {
            try StageChecks.run(WrongScheduler(StageContext(model: nil)))
        }
        #expect(wrong.check == "the known run of 2 steps")
        #expect(wrong.message.contains("element 1 of the result"), "\(wrong)")
    }
}

enum Fault: CaseIterable {
    case wrongShape, notANumber, forgetful, mixesSamples, noVokens

    var check: String {
        switch self {
        case .wrongShape, .notANumber, .forgetful: "map"
        case .mixesSamples: "map two"
        case .noVokens: "vokens"
        }
    }
}

/// A UNet that makes something else of a prepared conditioning, or offers what it does not do.
private struct BrokenUNet: UNet {
    static let descriptor = StageDescriptor(.unet, name: "broken", version: "0")
    let latentChannels = 2
    let sampleSize = 2
    let conditioningWidth = 3
    private let preparesOtherwise: Bool

    init(_ context: StageContext) { preparesOtherwise = true }
    init(preparesOtherwise: Bool) { self.preparesOtherwise = preparesOtherwise }

    var shortcuts: Set<UNetShortcut> { preparesOtherwise ? [] : [.deepFeatures] }

    func prepare(_ conditioning: Tensor) -> any PreparedConditioning {
        PlainConditioning(preparesOtherwise ? conditioning.scaled(by: 2) : conditioning)
    }

    func predict(_ latents: Tensor, timesteps: [Float], conditioning: Tensor) -> Tensor {
        latents.scaled(by: conditioning.values.reduce(0, +))
    }
}

/// A mapper with one fault.
private struct BrokenMapper: FeatureMapper {
    static let descriptor = StageDescriptor(.featureMapper, name: "broken", version: "0")
    var vokens: Int { fault == .noVokens ? 0 : 2 }
    let inputWidth = 3
    let length = 2
    let width = 3
    private let fault: Fault
    private let calls = Counter()

    init(_ fault: Fault) { self.fault = fault }

    init(_ context: StageContext) { fault = .wrongShape }

    func map(_ hidden: Tensor) -> Tensor {
        let values = hidden.values
        switch fault {
        case .wrongShape: return hidden.reshaped([hidden.shape[0], 3, 2])
        case .notANumber: return Tensor(hidden.shape, repeating: .nan)
        case .forgetful: return Tensor(hidden.shape, repeating: Float(calls.next()))
        case .mixesSamples:
            return Tensor(hidden.shape, repeating: values.reduce(0, +) / Float(values.count))
        case .noVokens: return hidden
        }
    }
}

private struct EndlessScheduler: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "broken", version: "0")
    init(_ context: StageContext) {}

    func trajectory(steps: Int) -> any Trajectory {
        Unmoved(timesteps: (0..<steps).map { 1 / Float($0) })
    }
}

/// Leaves the sample as it is, which is torch's noise, and knows only one number of that.
private struct WrongScheduler: Scheduler {
    static let descriptor = StageDescriptor(.scheduler, name: "broken", version: "0")
    static let summary = SchedulerSummary(
        title: "", citation: "", order: 1, noise: .never,
        knownRun: SchedulerSummary.KnownRun(steps: 2, result: [-1.1258398, -0.25]))
    init(_ context: StageContext) {}

    func trajectory(steps: Int) -> any Trajectory {
        Unmoved(timesteps: (0..<steps).map(Float.init))
    }
}

private struct Unmoved: Trajectory {
    let timesteps: [Float]
    let initialNoiseScale: Float = 1
    func modelInput(_ sample: Tensor, call: Int) -> Tensor { sample }
    func step(
        _ sample: Tensor, output: Tensor, call: Int, noise: inout TorchGenerator
    ) -> Tensor { sample }
}
