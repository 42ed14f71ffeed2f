/// A plugin that could not be found, was refused, or whose stage could not be made.
public struct PluginError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        /// No plugin offers the stage, or there is no such file.
        case notFound
        /// Others could have written the file, or it is not a file.
        case notTrusted
        /// Not a shared library, damaged, or not a Voken plugin.
        case notAPlugin
        /// Built against another Kit or by another compiler.
        case incompatible
        /// The file was being written while it was read.
        case changing
        /// The dynamic linker refused it, or its entry point is wrong.
        case notLoadable
        /// The stage's own initialiser failed, or its settings have a key it does not know.
        case stageFailed
        /// The probe, a child process, crashed, hung or failed on it.
        case probeFailed
        /// The host's own files: the state directory, the probe.
        case host
    }

    public let code: Code
    /// A stage's name or a file's path: what was asked for.
    public let plugin: String
    /// What is wrong and what to do about it.
    public let message: String
    public let cause: (any Error)?

    public init(_ code: Code, _ plugin: String, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.plugin = plugin
        self.message = message
        self.cause = cause
    }

    public var description: String {
        "plugin \(plugin): \(message)" + (cause.map { ": \($0)" } ?? "")
    }
}
