import Checkpoints
import Glibc
public import PluginHost
public import Stages

/// An import that was planned: what the sources are, what becomes of each tensor, and what will be
/// written.
public struct ModelImport {
    public let order: ImportOrder
    public let sources: [PublishedSource]
    /// One for each stage.
    public let reports: [TensorReport]
    /// What a user should know.
    public let notes: [String]

    let stages: [AskedStage]
    let layouts: [StageKind: SafetensorsLayout]
    let pipeline: PipelineText
    /// The pipeline file of a model that is stored anew, which somebody may have edited.
    let ownPipeline: [UInt8]?
    let fingerprint: String?

    /// Opens the sources and plans; reads of their weights only what tells whether a base and a
    /// checkpoint belong together.
    /// - Throws: an ``ImportError`` that says what to do about it.
    public init(_ order: ImportOrder, host: PluginHost) throws {
        _ = try Staging(target: order.target, force: order.force)
        self.order = order
        sources = try order.sources.map(PublishedSource.init)
        let parts = sources.flatMap(\.parts)
        let assembly = try StageAssembly(
            parts, wanted: order.stages, adapters: order.types[.languageModel])
        let scratch = try Scratch()
        stages = try assembly.plans.map { plan in
            try scratch.write(plan.files)
            return try AskedStage(
                plan, as: order.types[plan.kind], host: host, scratch: scratch.path,
                ignored: order.ignored)
        }
        reports = stages.filter { $0.plan.kind != .scheduler }.map(\.report)
        let plans = stages.map(\.plan)
        pipeline = PipelineText(
            name: order.target.split(separator: "/").last.map(String.init) ?? "model", plans: plans,
            isCaptionModel: parts.contains { $0.kind == .miniGPT5Stage1 }
                && !parts.contains { $0.kind == .miniGPT5Stage2 })
        ownPipeline = try Self.pipeline(of: order)
        notes = sources.flatMap(\.leftAside).map { "left aside: \($0)" } + plans.flatMap(\.notes)
        fingerprint = assembly.fingerprint
        var layouts: [StageKind: SafetensorsLayout] = [:]
        for stage in stages where stage.plan.kind != .scheduler {
            layouts[stage.plan.kind] = SafetensorsLayout(
                stage.requests.map {
                    ($0.name, TensorBytes($0, as: order.types[stage.plan.kind]).form)
                },
                metadata: ["format": "pt"])
        }
        self.layouts = layouts
    }

    /// Of a model that is imported whole and alone.
    private static func pipeline(of order: ImportOrder) throws -> [UInt8]? {
        guard order.sources.count == 1, order.stages.isEmpty else { return nil }
        let (manifest, pipeline) = (Manifest.fileName, PipelineText.fileName)
        guard FileKind("\(order.sources[0])/\(manifest)") == .file,
            FileKind("\(order.sources[0])/\(pipeline)") == .file
        else { return nil }
        return try BoundedFile.read("\(order.sources[0])/\(pipeline)", limit: 1 << 20)
    }

    /// The bytes of all tensors as they will be stored.
    public var byteCount: Int { layouts.values.reduce(0) { $0 + $1.byteCount } }

    /// Stages that a pipeline needs and the model will not have.
    public var missingStages: [StageKind] { pipeline.missing }

    /// - Throws: if a tensor is missing, has another shape, or is asked for by nobody.
    public func requireComplete() throws(ImportError) {
        let wrong = reports.filter { !$0.isComplete }
        guard wrong.isEmpty else {
            throw .refused(wrong.map(\.text).joined(separator: "\n"))
        }
    }
}

/// A folder for files that a stage wants to look at while it is asked what it needs.
final class Scratch {
    let path: String

    init() throws(ImportError) {
        let base = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/voken-import-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }
                .map { unsafe String(cString: $0) }
        }
        guard let made else { throw .system(.target, "cannot make a folder in \(base)") }
        path = made
    }

    deinit { Staging.removeAll(path) }

    func write(_ files: [StagePlan.File]) throws(ImportError) {
        let staging = Staging(scratch: path)
        for file in files { try staging.write(file.contents, to: file.path) }
    }
}
