import Checkpoints
import PluginHost
import Stages
import Tensors
import TestSupport
import Testing

@Suite struct LlamaTests {
    @Test(arguments: ["llama", "llama-tied", "llama-lora"])
    func agreesWithTransformers(name: String) throws {
        let (fixture, llama, ids) = try open(name)
        let hidden = llama.forward(llama.embed(ids), state: llama.makeState())
        expectClose(hidden, try fixture["hidden"], relative: 1e-4)
        expectClose(llama.logits(hidden), try fixture["logits"], relative: 1e-4)
        #expect(llama.width == 24)
        #expect(llama.vocabularySize == 309)
        #expect(llama.contextLength == 64)
        #expect(llama.tokenizer.count == 309)
    }

    @Test(arguments: ["llama", "llama-tied", "llama-plain"])
    func tokenByTokenEqualsOnePass(name: String) throws {
        let (fixture, llama, ids) = try open(name)
        let state = llama.makeState()
        let logits = try fixture["logits"]
        for (position, id) in ids.enumerated() {
            #expect(state.count == position)
            let hidden = llama.forward(llama.embed([id]), state: state)
            expectClose(
                llama.logits(hidden).slice(axis: 1, 0..<logits.shape[1]),
                logits.slice(axis: 0, position..<position + 1), relative: 1e-4)
        }
    }

    /// Vokens are fed all at once behind a cached text; each one's feature is the state that
    /// precedes it, so that of one pass over everything must come out.
    @Test func forcedVokensEqualOnePass() throws {
        let (_, llama, ids) = try open("llama")
        let vokens = Array(llama.tokenizer.vokens)
        let whole = llama.forward(llama.embed(ids + vokens), state: llama.makeState())

        let state = llama.makeState()
        var last = llama.forward(llama.embed(Array(ids.prefix(4))), state: state)
        for id in ids.dropFirst(4) { last = llama.forward(llama.embed([id]), state: state) }
        let forced = llama.forward(llama.embed(vokens), state: state)
        let features = concatenate([last, forced.slice(axis: 0, 0..<7)], axis: 0)
        #expect(features.shape == [8, 24])
        expectClose(
            features, whole.slice(axis: 0, ids.count - 1..<ids.count + 7), relative: 1e-5)
    }

    @Test(arguments: ["llama", "llama-plain"])
    func truncationTakesPositionsBack(name: String) throws {
        let (fixture, llama, ids) = try open(name)
        let state = llama.makeState()
        _ = llama.forward(llama.embed(Array(ids.prefix(6)) + [1, 2, 3]), state: state)
        state.truncate(to: 6)
        #expect(state.count == 6)
        let rest = llama.forward(llama.embed(Array(ids.dropFirst(6))), state: state)
        expectClose(
            rest, try fixture["hidden"].slice(axis: 0, 6..<ids.count), relative: 1e-4)
    }

    @Test func statesOfTwoSequencesAreApart() throws {
        let (fixture, llama, ids) = try open("llama")
        let (one, other) = (llama.makeState(), llama.makeState())
        for id in ids {
            let hidden = llama.forward(llama.embed([id]), state: one)
            _ = llama.forward(llama.embed([(id + 7) % llama.vocabularySize]), state: other)
            if one.count == ids.count {
                expectClose(
                    hidden, try fixture["hidden"].slice(axis: 0, ids.count - 1..<ids.count),
                    relative: 1e-4)
            }
        }
    }

    /// Sequences of all lengths and pieces, adapters and shared heads included: to the last bit.
    @Test(arguments: ["llama", "llama-lora", "llama-tied", "llama-plain"])
    func companyChangesNothing(name: String) throws {
        let (_, llama, ids) = try open(name)
        let pieces = [1, 1, 3, 1, 9, 1, 1, 1, 1, 2, 1]
        let prompts = pieces.indices.map { Array((ids + ids).dropFirst($0).prefix($0 + 1)) }
        let inputs = zip(pieces, prompts).map { piece, prompt in
            llama.embed((0..<piece).map { (prompt[0] + $0) % llama.vocabularySize })
        }
        func begun() -> [any LanguageModelState] {
            prompts.map { prompt in
                let state = llama.makeState()
                _ = llama.forward(llama.embed(prompt), state: state)
                return state
            }
        }
        let alone = zip(inputs, begun()).map { llama.forward($0, state: $1) }
        let states = begun()
        let together = llama.forward(inputs, states: states)
        #expect(together.map(\.values) == alone.map(\.values))
        #expect(states.map(\.count) == zip(pieces, prompts).map { $0 + $1.count })
        #expect(states[0].byteCount > 0)
    }

    /// The cache holds more rows than one block of memory does.
    @Test func aLongSequenceEqualsOnePass() throws {
        let fixture = try StageFixture("llama")
        try withChangedModel(
            fixture.folder, configuration: { $0["max_position_embeddings"] = .integer(600) },
            { folder in
                let llama: any LanguageModel = try loadStage(
                    .languageModel, "llama", ModelFolder.open(folder))
                let ids = (0..<600).map { ($0 * 37) % 300 }
                let whole = llama.forward(llama.embed(ids), state: llama.makeState())
                let state = llama.makeState()
                for start in stride(from: 0, to: 597, by: 199) {
                    _ = llama.forward(
                        llama.embed(Array(ids[start..<start + 199])), state: state)
                }
                let rest = llama.forward(llama.embed(Array(ids[597...])), state: state)
                expectClose(rest, whole.slice(axis: 0, 597..<600), relative: 1e-5)
            })
    }

    @Test func mergedAdaptersEqualOnesApart() throws {
        let (fixture, apart, ids) = try open("llama-lora")
        let merged: any LanguageModel = try fixture.load(
            .languageModel, "llama", ["lora": .string("merged")])
        let states = [apart, merged].map { $0.forward($0.embed(ids), state: $0.makeState()) }
        expectClose(states[0], states[1], relative: 1e-5)
        expectClose(states[1], try fixture["hidden"], relative: 1e-4)
    }

    @Test(arguments: [
        ("hidden_act", SettingValue.string("gelu")),
        ("rope_scaling.type", .table(["type": .string("linear"), "factor": .number(2)])),
        ("rope_scaling.rope_type", .table(["rope_type": .string("yarn")])),
        ("rope_scaling.factor", .table(["rope_type": .string("llama3")])),
        (
            "rope_scaling.high_freq_factor",
            .table([
                "rope_type": .string("llama3"), "factor": .number(2),
                "low_freq_factor": .integer(4),
                "high_freq_factor": .integer(4),
            ])
        ),
        ("attention_bias", .boolean(true)),
        ("num_key_value_heads", .integer(4)),
        ("head_dim", .integer(3)),
        ("vocab_size", .integer(308)),
    ])
    func refusesByName(key: String, value: SettingValue) throws {
        let fixture = try StageFixture("llama")
        // A table of other rows is a matter of the tokenizer first, which names the rows.
        try expectRefusal(
            of: key.prefix { $0 != "." }.description, value, fixture, .languageModel, "llama",
            mentioning: key == "vocab_size" ? "308" : key)
    }

    /// A Llama 3 without vokens: a byte-level tokenizer, stretched positions, one head of keys.
    @Test func aPlainModelAgreesWithTransformers() throws {
        let (fixture, llama, ids) = try open("llama-plain")
        let hidden = llama.forward(llama.embed(ids), state: llama.makeState())
        expectClose(hidden, try fixture["hidden"], relative: 1e-4)
        let (logits, expected) = (llama.logits(hidden), try fixture["logits"])
        let rows = expected.shape[1]
        expectClose(logits.slice(axis: 1, 0..<rows), expected, relative: 1e-4)

        let tokenizer = llama.tokenizer
        #expect(llama.vocabularySize == rows + 9)
        #expect(tokenizer.count == rows + 9)
        #expect(tokenizer.vokens == rows..<rows + 8)
        #expect(tokenizer.decode(tokenizer.encode("the \u{1F430}")) == "the \u{1F430}")
        // The end token is the first of the two that the configuration names.
        #expect(tokenizer.beginning == 0)
        #expect(tokenizer.end == 0)
        let never = logits.slice(axis: 1, rows..<rows + 9).values
        #expect(never.allSatisfy { $0 == -Float.greatestFiniteMagnitude })
        #expect(llama.embed([rows, 1]).values.prefix(llama.width).allSatisfy { $0 == 0 })
        #expect(llama.embed([rows, 1]).values.suffix(llama.width).contains { $0 != 0 })
        try StageChecks.run(llama)
    }

    /// Whether a model has vokens is said, not guessed.
    @Test func aPlainModelMustBeCalledOne() throws {
        let error = #expect(throws: PluginError.self) {
            let _: any LanguageModel = try StageFixture("llama-plain").load(.languageModel, "llama")
        }
        #expect(error?.description.contains("text_only") == true)
    }

    @Test func aSentencePieceModelCanBeAPlainOne() throws {
        let (_, llama, ids) = try open("llama")
        let plain: any LanguageModel = try StageFixture("llama").load(
            .languageModel, "llama", ["text_only": .boolean(true)])
        #expect(plain.tokenizer.vokens == 309..<317)
        #expect(plain.vocabularySize == 318)
        // Without room for the nine tokens the model may be one of text alone.
        try expectRefusal(
            of: "vocab_size", .integer(300), StageFixture("llama"), .languageModel, "llama",
            mentioning: "text_only = true")
        let states = [llama, plain].map { $0.forward($0.embed(ids), state: $0.makeState()) }
        #expect(states[0].values == states[1].values)
    }

    private func open(_ name: String) throws -> (StageFixture, any LanguageModel, [Int]) {
        let fixture = try StageFixture(name)
        let llama: any LanguageModel = try fixture.load(
            .languageModel, "llama", name == "llama-plain" ? ["text_only": .boolean(true)] : [:])
        return (fixture, llama, try fixture.numbers("ids").map { Int($0) })
    }
}
