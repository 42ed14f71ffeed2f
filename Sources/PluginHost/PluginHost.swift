import Checkpoints
public import Stages
import Synchronization

/// Finds plugins, loads them and makes their stages.
///
/// A name in a pipeline file is a stage's own name (`llama`, `ddim`) or, with a slash in it, the
/// path of a plugin's file. Names are known only once a plugin is loaded, so a name that is not
/// known yet is searched for in the plugin directories: first in files that are called much the
/// same (`ddim` in `libSchedulerDDIM.so`), then in all others. A plugin directory is trusted;
/// what would be harmful to load does not belong in it.
///
/// A file is loaded again only when it has changed, and code that is mapped already is not mapped
/// a second time, wherever its file lies. What was made from an older image of a file lives on
/// beside the new one.
public final class PluginHost: Sendable {
    public struct Configuration: Sendable {
        /// Searched in this order, after those that a call names.
        public var directories: [String]
        /// For the private copies; created if it is missing, with nobody else let in.
        public var stateDirectory: String
        /// For ``LoadChecks/probing``; without it nothing is probed.
        public var probe: Probe?
        /// A file of the SHA-256 sums of the plugins that may be loaded, as `sha256sum` prints
        /// them; read anew for each file.
        public var allowList: String?
        /// Each image takes three mappings of the 65,530 that a process may have by default.
        public var maximumImages = 2000

        public init(
            directories: [String], stateDirectory: String, probe: Probe? = nil,
            allowList: String? = nil
        ) {
            self.directories = directories
            self.stateDirectory = stateDirectory
            self.probe = probe
            self.allowList = allowList
        }
    }

    private struct Images {
        /// The newest content of each file, by resolved path.
        var files: [String: (identity: FileIdentity, image: PluginImage)] = [:]
        var bySum: [String: PluginImage] = [:]
        /// What the files that were not mapped could offer.
        var kinds: [String: (identity: FileIdentity, kinds: Set<StageKind>)] = [:]
        var bytes = 0
        /// Files that a search by name has found to crash or to hang, so that it need not again.
        var refusals: [String: (identity: FileIdentity, error: PluginError)] = [:]
        /// Stages that a probe has made without harm, by ``PluginHost/verdictKey(_:_:)``.
        var probed: Set<String> = []
    }

    let configuration: Configuration
    private let state: StateDirectory
    private let images = Mutex(Images())
    private let probeStop: ProbeStop

    private static let maximumVerdicts = 4096

    public init(_ configuration: Configuration) throws(PluginError) {
        self.configuration = configuration
        state = try StateDirectory(path: configuration.stateDirectory)
        probeStop = try ProbeStop()
    }

    /// Ends the probes that run, however long they would take, and all later ones: for a process
    /// that is about to end.
    public func stopProbes() { probeStop.stop() }

    /// The directory of the running program, where SwiftPM puts plugins beside programs.
    public static func directoryOfProgram() -> String {
        guard let program = resolve("/proc/self/exe"), let slash = program.lastIndex(of: "/") else {
            return "."
        }
        return String(program[..<slash])
    }

    /// The images that are mapped: how many, and the address space that they take.
    public var mapped: (images: Int, bytes: Int) {
        images.withLock { ($0.bySum.count, $0.bytes) }
    }

    /// The names of the stages of a kind in the images that are mapped.
    public func names(of kind: StageKind) -> [String] {
        let stages = images.withLock { $0.bySum.values.flatMap(\.stages) }
        return Set(stages.map { $0.descriptor }.filter { $0.kind == kind }.map(\.name)).sorted()
    }

    // MARK: Stages

    /// Finds a stage, loads its plugin and constructs it.
    /// - Parameters:
    ///   - directories: searched before the host's own.
    ///   - report: told of each phase, on the calling thread.
    public func load(
        _ order: StageOrder, searching directories: [String] = [], checks: LoadChecks = .none,
        report: (LoadEvent) -> Void = { _ in }
    ) throws(PluginError) -> LoadedStage {
        try withoutActuallyEscaping(report) { tell throws(PluginError) in
            let report = LoadReport(tell: tell)
            let (image, path) = try locate(order, directories, checks, report)
            let type = try image.requireStage(order)
            if checks.probing == .construct { try probe(image, path, order, report) }
            let loaded = try report.perform(.construct) { () throws(PluginError) in
                let loaded = try LoadedStage(type, of: image, path: path, order)
                let descriptor = loaded.descriptor
                return (loaded, "\(descriptor.name) \(descriptor.version)")
            }
            if checks.selfTest { try selfTest(loaded, report) }
            return loaded
        }
    }

    /// Whether a stage's file is still the one that it was loaded from.
    public func isCurrent(_ loaded: LoadedStage) -> Bool {
        guard let (path, identity) = try? PluginFile.identity(of: loaded.path),
            let known = images.withLock({ $0.files[path] })
        else { return false }
        return known.identity == identity && known.image === loaded.plugin
    }

    /// - Throws: ``PluginError/Code/fileChanged`` if a stage's file is not the one any more that
    ///   it was loaded from.
    public func requireCurrent(_ loaded: LoadedStage) throws(PluginError) {
        guard isCurrent(loaded) else {
            throw PluginError(
                .fileChanged, loaded.path,
                "the file was replaced while its stage was prepared; try again when it is written")
        }
    }

    private func selfTest(_ loaded: LoadedStage, _ report: LoadReport) throws(PluginError) {
        try report.perform(.selfTest) { () throws(PluginError) in
            do {
                try StageChecks.run(loaded.stage)
            } catch {
                throw PluginError(
                    .selfTestFailed, loaded.path, "does not keep its protocol's word", cause: error)
            }
            return ((), "")
        }
    }

    // MARK: Images

    /// The newest image of a plugin's file; loads it if there is none or the file has changed.
    public func image(ofFile path: String) throws(PluginError) -> PluginImage {
        try image(ofFile: path, for: nil, .none, LoadReport { _ in }).image
    }

    /// - Parameter order: what the image is for. If the order names the file, its stage is probed
    ///   together with the image.
    /// - Throws: ``PluginError/Code/otherKind`` for a file that cannot offer what is asked for.
    func image(
        ofFile asked: String, for order: StageOrder?, _ checks: LoadChecks, _ report: LoadReport
    ) throws(PluginError) -> (image: PluginImage, path: String) {
        let (path, identity) = try PluginFile.identity(of: asked)
        let known = images.withLock { ($0.files[path], $0.kinds[path]) }
        if let file = known.0, file.identity == identity { return (file.image, path) }
        if let file = known.1, file.identity == identity {
            try require(order?.kind, among: file.kinds, of: path)
        }
        let file = try report.perform(.file) { () throws(PluginError) in
            let file = try allowedFile(path)
            images.withLock { $0.kinds[path] = (file.identity, file.kinds) }
            try require(order?.kind, among: file.kinds, of: path)
            return (file, "\(file.bytes.count) bytes, sha256 \(file.sha256)")
        }
        let image =
            if let same = images.withLock({ $0.bySum[file.sha256] }) { same } else {
                try map(file, checks, order, report)
            }
        images.withLock { images in
            images.files[file.path] = (file.identity, image)
            if images.bySum.updateValue(image, forKey: file.sha256) == nil {
                images.bytes += image.mappedBytes
            }
        }
        return (image, file.path)
    }

    /// A plugin's file, checked.
    func allowedFile(_ path: String) throws(PluginError) -> PluginFile {
        let file = try PluginFile(path: path)
        if let list = configuration.allowList {
            try AllowList(path: list).require(file.sha256, of: path)
        }
        return file
    }

    func require(
        _ kind: StageKind?, among kinds: Set<StageKind>, of path: String
    ) throws(PluginError) {
        guard let kind, !kinds.contains(kind) else { return }
        let names = kinds.map(\.rawValue).sorted().joined(separator: ", ")
        throw PluginError(
            .otherKind, path, "offers no stage of kind \(kind.rawValue), only \(names)")
    }

    private func map(
        _ file: PluginFile, _ checks: LoadChecks, _ order: StageOrder?, _ report: LoadReport
    ) throws(PluginError) -> PluginImage {
        let count = mapped.images
        guard count < configuration.maximumImages else {
            throw PluginError(
                .tooManyImages, file.path,
                "\(count) images are mapped, which is the limit, and code is never unloaded: "
                    + "start a new process (voken upgrade)")
        }
        let copy = try report.perform(.copy) { () throws(PluginError) in
            let copy = try state.copy(file.bytes, named: fileName(of: file.path))
            return (copy, copy)
        }
        if checks.probing != .none, let probe = configuration.probe {
            let isAsked = checks.probing == .construct && order?.isFile == true
            let request = isAsked ? order.map(ProbeRequest.init) : nil
            try report.perform(.probe) { () throws(PluginError) in
                do throws(PluginError) {
                    try probe.check(
                        copy, of: file.path, request: request, unless: probeStop)
                } catch {
                    state.remove(copy)
                    throw error
                }
                if let order, request != nil { pass(verdictKey(file.sha256, order)) }
                return ((), request == nil ? "loaded" : "loaded, constructed, checked")
            }
        }
        return try report.perform(.load) { () throws(PluginError) in
            let image = try PluginImage(file, copy: copy)
            return (image, "image \(count + 1) of this process")
        }
    }

    // MARK: Probing

    /// Makes the stage in a child process, unless the same code has made the same one before.
    private func probe(
        _ image: PluginImage, _ path: String, _ order: StageOrder, _ report: LoadReport
    ) throws(PluginError) {
        guard let probe = configuration.probe else { return }
        let key = verdictKey(image.sha256, order)
        guard !images.withLock({ $0.probed.contains(key) }) else { return }
        try report.perform(.probe) { () throws(PluginError) in
            try probe.check(
                image.privateCopy, of: path, request: ProbeRequest(order), unless: probeStop)
            pass(key)
            return ((), "constructed, checked")
        }
    }

    /// The code, and all that it is given.
    private func verdictKey(_ sha256: String, _ order: StageOrder) -> String {
        let model = order.context.model
        let configuration = model.map { SettingValue.table($0.configuration.values).json } ?? ""
        return SHA256.hash(
            Array(
                [sha256, ProbeRequest(order).json, model?.weightsHash ?? "", configuration]
                    .joined(separator: "\n").utf8))
    }

    /// Why a search by name has refused a file, if it is still the same.
    func refusal(of path: String) -> PluginError? {
        guard let (path, identity) = try? PluginFile.identity(of: path),
            let known = images.withLock({ $0.refusals[path] }), known.identity == identity
        else { return nil }
        return known.error
    }

    func note(_ refusal: PluginError, of path: String) {
        guard let (path, identity) = try? PluginFile.identity(of: path) else { return }
        images.withLock { $0.refusals[path] = (identity, refusal) }
    }

    private func pass(_ key: String) {
        images.withLock { images in
            if images.probed.count >= Self.maximumVerdicts { images.probed = [] }
            images.probed.insert(key)
        }
    }
}
