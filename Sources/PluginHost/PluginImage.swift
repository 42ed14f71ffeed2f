import Glibc
public import Stages

/// A plugin's code, mapped into this process from a private copy of its file.
///
/// Never unloaded: the Swift runtime keeps pointers into every image it has seen, and the next
/// dynamic cast after a `dlclose` would follow them. Loading a file twice gives two images, each
/// with types and globals of its own.
public final class PluginImage: Sendable {
    /// The file it was read from.
    public let path: String
    /// Of the bytes that were checked and mapped, in hexadecimal.
    public let sha256: String
    /// The compiler that built it.
    public let compiler: String
    /// What it calls itself.
    public let name: String
    /// What it offers, in its own order.
    public let stages: [any Stage.Type]
    /// Bytes of address space that its segments take.
    public let mappedBytes: Int
    /// The private copy that is mapped; it stays while the process lives.
    public let privateCopy: String

    /// Maps a file that is a private copy already, as the probe does with the one it is given.
    public convenience init(privateCopy path: String) throws(PluginError) {
        let file = try PluginFile(path: path)
        try self.init(file, copy: file.path)
    }

    /// Maps a file's bytes under a fresh name and asks its entry point what it offers.
    init(_ file: PluginFile, copy: String) throws(PluginError) {
        let flags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE
        guard let handle = unsafe dlopen(copy, flags) else {
            throw PluginError(.unresolved, file.path, Self.linkerError())
        }
        guard let symbol = unsafe dlsym(handle, PluginFile.entryPoint) else {
            throw PluginError(.unresolved, file.path, Self.linkerError())
        }
        typealias EntryPoint = @convention(c) () -> UnsafeMutableRawPointer
        let entryPoint = unsafe unsafeBitCast(symbol, to: EntryPoint.self)
        let export = unsafe Unmanaged<PluginExport>.fromOpaque(entryPoint()).takeRetainedValue()
        path = file.path
        sha256 = file.sha256
        compiler = export.compiler
        name = export.name
        stages = export.stages
        mappedBytes = file.mappedBytes
        privateCopy = copy
        try requireConsistentStages()
    }

    /// Constructs one of its stages.
    public func make(_ order: StageOrder) throws(PluginError) -> LoadedStage {
        try LoadedStage(requireStage(order), of: self, path: path, order)
    }

    /// The stage that an order means.
    func requireStage(_ order: StageOrder) throws(PluginError) -> any Stage.Type {
        guard let name = order.reference.stage else { return try requireStage(order.kind) }
        guard let stage = stage(order.kind, named: name) else {
            throw PluginError(
                .otherKind, path,
                "offers no \(order.kind.rawValue) \"\(name)\"; it has \(offerText)")
        }
        return stage
    }

    /// The stage of a kind and a name, if this plugin offers it.
    func stage(_ kind: StageKind, named name: String) -> (any Stage.Type)? {
        stages.first { $0.descriptor.kind == kind && $0.descriptor.name == name }
    }

    /// The only stage of a kind, for a plugin that was named by its file.
    func requireStage(_ kind: StageKind) throws(PluginError) -> any Stage.Type {
        let offered = stages.filter { $0.descriptor.kind == kind }
        guard let stage = offered.first, offered.count == 1 else {
            let remedy = offered.first.map { "; name one: \(path):\($0.descriptor.name)" } ?? ""
            throw PluginError(
                .otherKind, path,
                "offers \(offered.count) stages of kind \(kind.rawValue), not one; it has "
                    + offerText + remedy)
        }
        return stage
    }

    private var offerText: String {
        stages.map { "\($0.descriptor.kind.rawValue) \($0.descriptor.name)" }
            .joined(separator: ", ")
    }

    /// What a descriptor says must be what the type does, and a name must mean one stage.
    private func requireConsistentStages() throws(PluginError) {
        var seen: Set<String> = []
        for stage in stages {
            let descriptor = stage.descriptor
            guard descriptor.kind.includes(stage) else {
                throw PluginError(
                    .inconsistent, path,
                    "stage \(descriptor.name) says it is a \(descriptor.kind.rawValue), but "
                        + "\(stage) does not conform to that protocol")
            }
            guard seen.insert("\(descriptor.kind.rawValue) \(descriptor.name)").inserted else {
                throw PluginError(
                    .inconsistent, path,
                    "offers two stages \(descriptor.name) of kind \(descriptor.kind.rawValue)")
            }
        }
        guard !stages.isEmpty else {
            throw PluginError(.inconsistent, path, "offers no stage")
        }
    }

    private static func linkerError() -> String {
        guard let text = unsafe dlerror() else { return "the dynamic linker gave no reason" }
        return unsafe String(cString: text)
    }
}

extension StageKind {
    /// Whether a type conforms to this kind's protocol.
    func includes(_ stage: any Stage.Type) -> Bool {
        switch self {
        case .imageEncoder: stage is any ImageEncoder.Type
        case .languageModel: stage is any LanguageModel.Type
        case .featureMapper: stage is any FeatureMapper.Type
        case .unet: stage is any UNet.Type
        case .vae: stage is any VAE.Type
        case .scheduler: stage is any Scheduler.Type
        case .textEncoder: stage is any TextEncoder.Type
        }
    }
}
