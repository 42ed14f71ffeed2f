import Checkpoints
import Tensors

/// What the language model is given at one position of a prompt, such that equal ones are the same
/// numbers to the same loaded model.
enum PromptPosition: Hashable, Sendable {
    case token(Int)
    /// A row of a picture as the model sees it, by the sum of all of its rows.
    case picture(sum: String, row: Int)
}

extension Tensor {
    /// The SHA-256 of the elements' bits, in hexadecimal digits.
    var sum: String {
        let values = values
        return unsafe values.withUnsafeBytes { unsafe SHA256.hash(Array($0)) }
    }
}
