import Checkpoints
import Glibc
import Stages

/// A plugin's file, read whole into memory and checked without running anything of it.
///
/// What is checked is what is loaded: the image is loaded from a copy of these very bytes.
struct PluginFile {
    /// Resolved: no symbolic link is left in it.
    let path: String
    let identity: FileIdentity
    let bytes: [UInt8]
    let sha256: String
    /// Bytes of address space that its segments take.
    let mappedBytes: Int
    /// The kinds of stages that it can offer: whose protocols it refers to.
    let kinds: Set<StageKind>

    /// Larger files are refused unread; the largest plugin of ours is under 4 MB.
    static let maximumSize = 256 << 20

    init(path: String) throws(PluginError) {
        self.path = try Self.trustedPath(path)
        (bytes, identity) = try Self.read(self.path)
        let image = try Self.check(bytes, path: self.path)
        mappedBytes = image.mappedBytes
        kinds = Set(StageKind.allCases.filter { image.undefined.contains($0.protocolSymbol) })
        sha256 = SHA256.hash(bytes)
    }

    /// What is at a path now, without a look at its contents.
    static func identity(of path: String) throws(PluginError) -> (path: String, FileIdentity) {
        let resolved = try trustedPath(path)
        let descriptor = try open(resolved)
        defer { close(descriptor) }
        return (resolved, try FileIdentity(trusted: descriptor, path: resolved))
    }

    private static func check(
        _ bytes: [UInt8], path: String
    ) throws(PluginError) -> ELFImage {
        let image: ELFImage
        do { image = try ELFImage(bytes) } catch {
            throw PluginError(error.code, path, error.description)
        }
        guard let compiler = image.compiler else {
            throw PluginError(
                .noNote, path,
                "a shared library without Voken's note; a plugin calls exportPlugin")
        }
        guard image.defined.contains(entryPoint) else {
            throw PluginError(
                .noEntryPoint, path,
                "exports no \(entryPoint); see Plugins/Echo for an entry point")
        }
        guard compiler == kitCompiler else {
            throw PluginError(
                .otherCompiler, path,
                "built by \(compiler), this host by \(kitCompiler); rebuild the plugin")
        }
        let stamps = image.undefined.filter { $0.hasPrefix(stampPrefix) }
        guard stamps == [stampPrefix + kitFingerprint] else {
            let kits = stamps.map { $0.dropFirst(stampPrefix.count).prefix(12) }.sorted()
            throw PluginError(
                .otherKit, path,
                "built against Kit \(kits.first ?? "unknown"), this host has "
                    + "\(kitFingerprint.prefix(12)); rebuild the plugin")
        }
        return image
    }

    static let entryPoint = "voken_plugin"
    private static let stampPrefix = "voken_kit_"

    private static func trustedPath(_ path: String) throws(PluginError) -> String {
        guard let resolved = resolve(path) else {
            throw PluginError(errno == EACCES ? .unreadable : .notFound, path, lastError())
        }
        try requireTrusted(directoriesOf: resolved)
        return resolved
    }

    private static func open(_ path: String) throws(PluginError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw PluginError(errno == ENOENT ? .notFound : .unreadable, path, lastError())
        }
        return descriptor
    }

    /// Reads a file that is at rest: a linker still writing it would give us half of it.
    private static func read(_ path: String) throws(PluginError) -> ([UInt8], FileIdentity) {
        let descriptor = try open(path)
        defer { close(descriptor) }
        let before = try FileIdentity.settled(descriptor, path: path)
        var bytes = [UInt8](repeating: 0, count: before.size)
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(
                    descriptor, buffer.baseAddress.map { unsafe $0 + filled },
                    buffer.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw PluginError(.unreadable, path, lastError()) }
            guard count > 0 else { break }
            filled += count
        }
        let after = try FileIdentity(trusted: descriptor, path: path)
        guard filled == bytes.count, after == before else {
            throw PluginError(
                .fileChanged, path,
                "the file changed while it was read; try again when it is written")
        }
        return (bytes, before)
    }
}

extension StageKind {
    /// The symbol of the kind's protocol, which a type that conforms to it refers to.
    fileprivate var protocolSymbol: String {
        let name =
            switch self {
            case .imageEncoder: "ImageEncoder"
            case .languageModel: "LanguageModel"
            case .featureMapper: "FeatureMapper"
            case .unet: "UNet"
            case .vae: "VAE"
            case .scheduler: "Scheduler"
            case .textEncoder: "TextEncoder"
            }
        // Swift's mangling: module, name, "protocol descriptor".
        return "$s6Stages\(name.utf8.count)\(name)Mp"
    }
}
