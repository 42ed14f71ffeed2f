import Checkpoints

/// TOML 1.0 (https://toml.io/en/v1.0.0) as a tree of setting values.
///
/// A parser of our own, because pipeline files come from clients too: toml++ stops the process at
/// some texts that are not TOML, sets no limit on the depth of keys, and its Swift wrapper never
/// frees a table and does not say on which line a key is.
enum TOML {
    /// Tables and arrays within each other; a deeper text is refused before it exhausts the stack.
    static let maximumDepth = 64
    /// Of a dotted key, in bytes: messages name settings by their full keys, which a text must not
    /// be able to multiply.
    static let maximumKeyBytes = 512
}

/// A text that is not TOML, or one that holds what is no setting.
struct TOMLError: Error {
    /// From 1; the column counts bytes.
    let line: Int
    let column: Int
    let message: String
    let isSyntax: Bool
}

/// Reads TOML text as a tree of settings.
/// - Parameter file: the path, for messages.
func parseTOML(_ text: String, file: String) throws(PipelineError) -> [String: SettingValue] {
    do {
        var document = TOMLDocument(text)
        return try document.read()
    } catch {
        throw PipelineError(
            error.isSyntax ? .syntax : .badSetting, file: file, line: error.line,
            "column \(error.column): \(error.message)")
    }
}
