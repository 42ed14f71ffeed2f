extension StageTemplate {
    static func languageModel(_ name: PluginName) -> StageTemplate {
        let type = name.module + "LanguageModel"
        return StageTemplate(
            type: type, source: stageText(name, type) + tokenizer, test: testText(name, type))
    }
}

private func stageText(_ name: PluginName, _ type: String) -> String {
    #"""
    import Stages
    import Synchronization
    import Tensors
    import Tokenizers

    /// Says the same after any prompt: a few words, all vokens, the end.
    ///
    /// The next token goes on from the longest beginning of the answer that the sequence ends
    /// with. Embeddings, hidden states and logits are all one-hot, so D = V.
    ///
    /// Settings: `text`, `context_length`.
    struct \#(type): LanguageModel {
        static let descriptor = StageDescriptor(
            .languageModel, name: "\#(name.text)", version: "1.0.0")

        let width = ByteTokenizer.size
        let vocabularySize = ByteTokenizer.size
        let contextLength: Int
        let tokenizer: any VokenTokenizer
        private let answer: [Int]

        init(_ context: StageContext) throws {
            let settings = context.settings
            let tokenizer = ByteTokenizer()
            let text = try settings.string("text", default: "A picture of it.")
            contextLength = try settings.integer(
                "context_length", default: 2048, in: 3...1_000_000)
            answer = tokenizer.encode(text) + tokenizer.vokens + [tokenizer.end]
            self.tokenizer = tokenizer
            // A model reads its weights here, from `context.requireModel().parameters`, and then
            // calls the folder's `requireAllRead()`. Kit has LLaMA's tokenizer.
        }

        func makeState() -> any LanguageModelState { SequenceState() }

        func embed(_ tokens: [Int]) -> Tensor { oneHot(tokens) }

        /// `[T, D]` to `[T, D]`. The model's layers go here; what they must know of earlier
        /// positions, keys and values, is in the state.
        func forward(_ embeddings: Tensor, state: any LanguageModelState) -> Tensor {
            guard let state = state as? SequenceState else {
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

        /// `[T, D]` to `[T, V]`.
        func logits(_ hidden: Tensor) -> Tensor {
            // Far enough apart that sampling at temperature 1 never strays.
            hidden.scaled(by: 50)
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

    /// The state of one request: the tokens so far.
    final class SequenceState: LanguageModelState {
        private let held = Mutex<[Int]>([])

        var tokens: [Int] { held.withLock { $0 } }

        var count: Int { tokens.count }

        var byteCount: Int { count * MemoryLayout<Int>.stride }

        func append(_ token: Int) { held.withLock { $0.append(token) } }

        func truncate(to count: Int) { held.withLock { $0.removeLast($0.count - count) } }
    }

    """#
}

private let tokenizer = #"""

    /// One token a UTF-8 byte, after `<unk>`, `<s>`, `</s>`; then the vokens and `<ImageHere>`.
    struct ByteTokenizer: VokenTokenizer {
        static let size = 268

        let count = size
        let unknown = 0
        let beginning = 1
        let end = 2
        let vokens = 259..<267
        let imagePlaceholder = 267
        private let bytes = 3..<259

        private var added: [(spelling: [UInt8], id: Int)] {
            vokens.enumerated().map { (Array("[IMG\($0.offset)]".utf8), $0.element) }
                + [(Array("<ImageHere>".utf8), imagePlaceholder)]
        }

        func encode(_ text: String) -> [Int] {
            let added = added
            var rest = Array(text.utf8)[...]
            var ids: [Int] = []
            while let byte = rest.first {
                let token = added.first { rest.starts(with: $0.spelling) }
                ids.append(token?.id ?? bytes.lowerBound + Int(byte))
                rest = rest.dropFirst(token?.spelling.count ?? 1)
            }
            return ids
        }

        func decode(_ ids: [Int]) -> String {
            let text = ids.filter(bytes.contains).map { UInt8($0 - bytes.lowerBound) }
            return String(decoding: text, as: UTF8.self)
        }
    }

    """#

private func testText(_ name: PluginName, _ type: String) -> String {
    #"""
    import Checkpoints
    import Stages
    import Tensors
    import Testing

    @testable import \#(name.module)

    @Suite struct \#(type)Tests {
        @Test func keepsItsProtocolsWord() throws {
            try StageChecks.run(\#(type)(StageContext(model: nil)))
        }

        @Test func saysItsTextThenTheVokens() throws {
            let settings = Settings(["text": .string("A fox.")])
            let model = try \#(type)(StageContext(model: nil, settings: settings))
            let tokenizer = model.tokenizer
            let state = model.makeState()
            var tokens = [tokenizer.beginning] + tokenizer.encode("What is there?")
            var said: [Int] = []
            while said.last != tokenizer.end, said.count < 32 {
                let logits = model.logits(model.forward(model.embed(tokens), state: state))
                let last = logits.values.suffix(model.vocabularySize)
                let likely = last.enumerated().max { $0.element < $1.element }
                tokens = [try #require(likely).offset]
                said += tokens
            }
            #expect(tokenizer.decode(said) == "A fox.")
            #expect(said.suffix(9) == Array(tokenizer.vokens) + [tokenizer.end])
        }
    }

    """#
}
