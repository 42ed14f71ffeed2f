import Checkpoints

/// A pipeline file, or a pipeline made from one, that cannot be used.
public struct PipelineError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case unreadable  // the file is missing, too large or not text
        case syntax  // not TOML
        case badSetting = "bad_setting"  // a key that is unknown, missing or has no such value
        case noPlugin = "no_plugin"  // no plugin of that name offers the stage
        case noModel = "no_model"  // the model folder is missing or incomplete
        case stageFailed = "stage_failed"  // a stage refused its model or settings
        case memory  // its memory limit is less than a stage needs
        case contract  // two stages that do not fit each other
    }
    public let code: Code
    public let file: String
    /// From 1; `nil` where the whole file is meant.
    public let line: Int?
    /// Names the thing and the remedy.
    public let message: String

    public init(_ code: Code, file: String, line: Int? = nil, _ message: String) {
        self.code = code
        self.file = file
        self.line = line
        self.message = message
    }

    public var description: String {
        line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)"
    }
}

extension PipelineError {
    /// A setting that cannot be, at the line where the file gives it.
    init(_ error: SettingError, file: String, lines: TOMLLines) {
        self.init(
            .badSetting, file: file, line: lines.line(of: error.key), error.description)
    }
}
