import Checkpoints
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

    @Test(arguments: ["llama", "llama-tied"])
    func tokenByTokenEqualsOnePass(name: String) throws {
        let (fixture, llama, ids) = try open(name)
        let state = llama.makeState()
        let logits = try fixture["logits"]
        for (position, id) in ids.enumerated() {
            #expect(state.count == position)
            let hidden = llama.forward(llama.embed([id]), state: state)
            expectClose(
                llama.logits(hidden), logits.slice(axis: 0, position..<position + 1),
                relative: 1e-4)
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

    @Test func truncationTakesPositionsBack() throws {
        let (fixture, llama, ids) = try open("llama")
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
    @Test(arguments: ["llama", "llama-lora", "llama-tied"])
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
        ("rope_scaling", .table(["type": .string("linear"), "factor": .number(2)])),
        ("attention_bias", .boolean(true)),
        ("num_key_value_heads", .integer(4)),
        ("head_dim", .integer(3)),
        ("vocab_size", .integer(308)),
    ])
    func refusesByName(key: String, value: SettingValue) throws {
        let fixture = try StageFixture("llama")
        // A table of other rows is a matter of the tokenizer first, which names the rows.
        try expectRefusal(
            of: key, value, fixture, .languageModel, "llama",
            mentioning: key == "vocab_size" ? "308" : key)
    }

    private func open(_ name: String) throws -> (StageFixture, any LanguageModel, [Int]) {
        let fixture = try StageFixture(name)
        let llama: any LanguageModel = try fixture.load(.languageModel, "llama")
        return (fixture, llama, try fixture.numbers("ids").map { Int($0) })
    }
}
