/// A plugin that could not be found, was refused, or whose stage could not be made.
public struct PluginError: Error, Sendable, CustomStringConvertible {
    /// The raw value is for programs; `etc/doc/swapping.md` has the table.
    public enum Code: String, Sendable, CaseIterable {
        // The file, before any of its code can run.
        case notFound = "not_found"
        case unreadable
        case notAFile = "not_a_file"
        case wrongOwner = "wrong_owner"
        case writableByOthers = "writable_by_others"
        case tooLarge = "too_large"
        /// It was being written while it was read, or was replaced while its stage was prepared.
        case fileChanged = "file_changed"
        case notELF = "not_elf"
        /// A table or a segment lies past the end of the file.
        case truncated
        case otherProcessor = "other_processor"
        case noNote = "no_note"
        case noEntryPoint = "no_entry_point"
        case otherCompiler = "other_compiler"
        case otherKit = "other_kit"
        /// Its SHA-256 is not on the list of those that may be loaded.
        case notAllowed = "not_allowed"

        // Its code.
        /// The dynamic linker refused it: a symbol or a library is missing.
        case unresolved
        /// What it offers is not what it says.
        case inconsistent
        /// It offers no stage of the kind, or several.
        case otherKind = "other_kind"
        case loadCrashed = "load_crashed"
        case loadHung = "load_hung"

        // Its stage.
        /// A setting that is unknown, missing or out of range.
        case badSetting = "bad_setting"
        case constructorThrew = "constructor_threw"
        case constructorCrashed = "constructor_crashed"
        case constructorHung = "constructor_hung"
        case selfTestFailed = "self_test_failed"
        case selfTestCrashed = "self_test_crashed"
        case selfTestHung = "self_test_hung"

        // The host itself.
        /// Code stays mapped for the life of a process, and there is a limit to that.
        case tooManyImages = "too_many_images"
        /// Its own files: the state directory, the probe, the list of allowed plugins.
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
