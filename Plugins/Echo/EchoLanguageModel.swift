import Stages
import Synchronization
import Tensors
import Tokenizers

/// Says the same thing after any prompt: a few words, all vokens, the end.
///
/// The next token goes on from the longest beginning of the answer that the sequence ends with.
/// Embeddings, hidden states and logits are all one-hot, so D = V.
///
/// Settings: `text`, `context_length`.
struct EchoLanguageModel: LanguageModel {
    static let descriptor = StageDescriptor(.languageModel, name: "echo", version: "1.0.0")

    let width = EchoTokenizer.size
    let vocabularySize = EchoTokenizer.size
    let contextLength: Int
    let tokenizer: any VokenTokenizer
    private let answer: [Int]

    init(_ context: StageContext) throws {
        let tokenizer = EchoTokenizer()
        let text = try context.settings.string("text", default: "A picture of it.")
        contextLength = try context.settings.integer(
            "context_length", default: 2048, in: 1...1_000_000)
        answer = tokenizer.encode(text) + tokenizer.vokens + [tokenizer.end]
        self.tokenizer = tokenizer
        logMade(context)
    }

    func makeState() -> any LanguageModelState { EchoState() }

    func embed(_ tokens: [Int]) -> Tensor { oneHot(tokens) }

    func forward(_ embeddings: Tensor, state: any LanguageModelState) -> Tensor {
        guard let state = state as? EchoState else {
            preconditionFailure("a state of another stage")
        }
        let next = embeddings.withSpan { span in
            (0..<embeddings.shape[0]).map { row in
                state.append(largest(span, row: row))
                return continuation(of: state.tokens)
            }
        }
        return oneHot(next)
    }

    func logits(_ hidden: Tensor) -> Tensor {
        hidden.withSpan { hidden in
            Tensor([hidden.count / width, vocabularySize]) { (span: inout MutableSpan<Float>) in
                // Far enough apart that sampling at temperature 1 never strays.
                for index in span.indices { span[index] = 50 * hidden[index] }
            }
        }
    }

    private func continuation(of tokens: [Int]) -> Int {
        let longest = min(tokens.count, answer.count - 1)
        let known = stride(from: longest, through: 1, by: -1).first { length in
            tokens.suffix(length).elementsEqual(answer.prefix(length))
        }
        return answer[known ?? 0]
    }

    private func oneHot(_ tokens: [Int]) -> Tensor {
        Tensor([tokens.count, width]) { (span: inout MutableSpan<Float>) in
            for index in span.indices {
                span[index] = tokens[index / width] == index % width ? 1 : 0
            }
        }
    }

    private func largest(_ span: Span<Float>, row: Int) -> Int {
        (1..<width).reduce(0) { best, index in
            span[row * width + index] > span[row * width + best] ? index : best
        }
    }
}

/// The tokens so far.
final class EchoState: LanguageModelState {
    private let held = Mutex<[Int]>([])

    var tokens: [Int] { held.withLock { $0 } }

    var count: Int { tokens.count }

    var byteCount: Int { count * MemoryLayout<Int>.stride }

    func append(_ token: Int) { held.withLock { $0.append(token) } }

    func truncate(to count: Int) { held.withLock { $0.removeLast($0.count - count) } }
}
