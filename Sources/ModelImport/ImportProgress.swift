/// How far an import is.
public struct ImportProgress: Sendable, Equatable {
    public enum Phase: String, Sendable {
        /// Reading the sources for their hashes.
        case hashing
        /// Writing the model's tensors.
        case writing
        /// Making each stage from what was written.
        case checking
    }

    public let phase: Phase
    /// A file or a stage.
    public let what: String
    /// In bytes; of checking, in stages.
    public let done, total: Int
}
