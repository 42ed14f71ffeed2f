public import CPluginABI

/// What a plugin's entry point hands to the host: its name and the stages it offers.
public final class PluginExport: Sendable {
    /// Shown to people.
    public let name: String
    public let stages: [any Stage.Type]
    /// The compiler that built the plugin, out of its note.
    public let compiler: String
    private let kit: Int32

    /// Plugins call ``exportPlugin(_:_:)``. The compiler and Kit's stamp are stored so that no
    /// optimiser drops from the plugin's image what they are read from.
    public init(_ name: String, _ stages: [any Stage.Type], compiler: String, kit: Int32) {
        self.name = name
        self.stages = stages
        self.compiler = compiler
        self.kit = kit
    }
}

/// The whole of a plugin's entry point:
///
///     @c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
///         unsafe exportPlugin("echo", [EchoUNet.self])
///     }
///
/// Emitted into the plugin, never called in Kit: that places in the plugin's own image the ELF
/// note with the plugin's compiler, and the reference to the Kit that it was compiled against.
/// - Returns: a retained ``PluginExport``, which the host takes over.
@_alwaysEmitIntoClient
public func exportPlugin(_ name: String, _ stages: [any Stage.Type]) -> UnsafeMutableRawPointer {
    let export = PluginExport(name, stages, compiler: noteCompiler(), kit: kitStamp())
    return unsafe Unmanaged.passRetained(export).toOpaque()
}

/// The compiler that built Kit, as Kit's own note has it.
public let kitCompiler = noteCompiler()

/// The compiler of whichever image this is emitted into.
@_alwaysEmitIntoClient
func noteCompiler() -> String {
    unsafe withUnsafeBytes(of: voken_plugin_note.compiler) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
