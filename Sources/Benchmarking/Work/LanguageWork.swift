import Checkpoints

extension Work {
    /// A step of a LLaMA, from the `config.json` of `LlamaForCausalLM`: each sequence goes on by
    /// `positions` after those that are `cached`, and logits are told of its last position.
    static func language(
        _ c: Settings, sequences: Int, positions: Int, cached: Int
    ) throws(SettingError) -> Work {
        let (width, heads) = (try c.extent("hidden_size"), try c.extent("num_attention_heads"))
        let headWidth = try c.extent("head_dim", default: max(width / heads, 1))
        let queries = heads * headWidth
        let keys = try c.extent("num_key_value_heads", default: heads) * headWidth
        let hidden = try c.extent("intermediate_size")
        let rows = sequences * positions
        var work = Work()
        for _ in 0..<(try c.extent("num_hidden_layers")) {
            work.addLinear(rows: rows, width, queries + 2 * keys)
            work.addLinear(rows: rows, queries, width)
            work.addLinear(rows: rows, width, 2 * hidden)
            work.addLinear(rows: rows, hidden, width)
            // Position i sees those before it and itself.
            let seen = Double(cached) + Double(positions + 1) / 2
            work.addAttention(batch: sequences, queries: positions, keys: seen, width: queries)
            work.cached += 2 * Double(sequences * (cached + positions) * keys)
        }
        work.addLinear(rows: sequences, width, try c.extent("vocab_size"))
        return work
    }

    /// Voken states to conditionings by MiniGPT-5's feature mapper.
    static func mapping(_ c: Settings, batch: Int) throws(SettingError) -> Work {
        let (width, hidden) = (try c.extent("d_model"), try c.extent("feed_forward"))
        let (vokens, queries) = (try c.extent("vokens"), try c.extent("queries"))
        var work = Work()
        work.addLinear(rows: batch * vokens, try c.extent("input_dim"), width)
        work.addLinear(rows: batch * vokens, width, width)
        for _ in 0..<(try c.extent("encoder_layers")) {
            work.addLinear(rows: batch * vokens, width, 4 * width)
            work.addAttention(batch: batch, queries: vokens, keys: Double(vokens), width: width)
            work.addLinear(rows: batch * vokens, width, 2 * hidden)
        }
        for _ in 0..<(try c.extent("decoder_layers")) {
            work.addLinear(rows: batch * queries, width, 4 * width)
            work.addAttention(batch: batch, queries: queries, keys: Double(queries), width: width)
            work.addLinear(rows: batch * queries, width, 2 * width)
            work.addLinear(rows: batch * vokens, width, 2 * width)
            work.addAttention(batch: batch, queries: queries, keys: Double(vokens), width: width)
            work.addLinear(rows: batch * queries, width, 2 * hidden)
        }
        return work
    }
}
