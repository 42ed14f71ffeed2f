import Checkpoints
import Layers
import PluginHost
import Stages
import Tensors

/// A plan, and what the stage itself says that it needs.
struct AskedStage {
    struct Request {
        let name: String
        /// As the stage asks for it.
        let extents: [Int]
        let use: ParameterUse
        let origin: TensorOrigin
    }

    let plan: StagePlan
    /// In the order of names.
    let requests: [Request]
    let report: TensorReport

    /// Makes the stage without weights, so that it lists its parameters.
    /// - Parameters:
    ///   - scratch: a folder in which the plan's files are.
    ///   - ignored: names, with `*` for any run of characters, that may be left out.
    init(
        _ plan: StagePlan, as type: WeightType, host: PluginHost, scratch: String,
        ignored: [String]
    ) throws {
        self.plan = plan
        guard plan.kind != .scheduler else {
            requests = []
            report = TensorReport(
                stage: plan.kind, used: [], unused: [], unknown: [], missing: [], misshapen: [])
            return
        }
        let (folder, recorder) = ModelFolder.recording(
            configuration: Settings(plan.configuration), present: Set(plan.tensors.keys))
        var settings = plan.settings
        if let tokenizer = plan.tokenizer {
            settings["tokenizer"] = .string("\(scratch)/\(tokenizer)")
        }
        do {
            let context = StageContext(model: folder, settings: Settings(settings))
            _ = try host.load(StageOrder(plan.kind, plugin: plan.plugin, context))
        } catch {
            let cause = error.cause.map { "\($0)" } ?? error.message
            throw ImportError.refused("\(plan.kind.rawValue) (\(plan.plugin)): \(cause)")
        }
        (requests, report) = Self.compare(plan, recorder, ignored)
        for request in requests {
            try request.origin.requireNumbers(for: TensorBytes(request, as: type).form)
        }
    }

    private static func compare(
        _ plan: StagePlan, _ recorder: ParameterRecorder, _ ignored: [String]
    ) -> ([Request], TensorReport) {
        var requests: [Request] = []
        var missing: [String] = []
        var misshapen: [TensorReport.Shape] = []
        var asked: Set<String> = []
        for (name, shape, use) in recorder.parameters {
            asked.insert(name)
            guard let origin = plan.tensors[name] else {
                missing.append(name)
                continue
            }
            // A 1×1 convolution is as good as a matrix.
            let found = origin.extents
            if found == shape.array || found == shape.array + [1, 1] {
                requests.append(
                    Request(name: name, extents: shape.array, use: use, origin: origin))
            } else {
                misshapen.append(.init(name: name, expected: shape.array, found: found))
            }
        }
        var (unused, unknown): ([String], [String]) = ([], [])
        for (name, origin) in plan.tensors where !asked.contains(name) {
            let isInteger = origin.file.tensors[origin.name]?.format.isInteger ?? false
            if isInteger || recorder.tolerates(name)
                || ignored.contains(where: { matches(name, pattern: $0) })
            {
                unused.append(name)
            } else {
                unknown.append(name)
            }
        }
        let report = TensorReport(
            stage: plan.kind, used: requests.map(\.name).sorted(), unused: unused.sorted(),
            unknown: unknown.sorted(), missing: missing.sorted(), misshapen: misshapen)
        return (requests.sorted { $0.name < $1.name }, report)
    }
}
