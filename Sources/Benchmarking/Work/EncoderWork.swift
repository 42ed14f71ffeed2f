import Checkpoints

extension Work {
    /// One picture through the vision transformer of MiniGPT-4's image encoder.
    static func vision(_ c: Settings) throws(SettingError) -> Work {
        let patch = try c.extent("patch_size")
        let lines = try c.extent("image_size") / patch
        let (width, hidden) = (try c.extent("width"), try c.extent("mlp_hidden"))
        let tokens = lines * lines + 1
        var work = Work()
        work.addConvolution(places: lines * lines, 3, width, kernel: patch)
        for _ in 0..<(try c.extent("depth")) {
            work.addLinear(rows: tokens, width, 4 * width)
            work.addAttention(batch: 1, queries: tokens, keys: Double(tokens), width: width)
            work.addLinear(rows: tokens, width, hidden)
            work.addLinear(rows: tokens, hidden, width)
        }
        return work
    }

    /// The same, and on through the Q-Former and the projection.
    static func encoding(_ c: Settings) throws(SettingError) -> Work {
        var work = try vision(c)
        let lines = try c.extent("image_size") / c.extent("patch_size")
        let (picture, tokens) = (try c.extent("width"), lines * lines + 1)
        let q = try c.table("qformer")
        let (width, queries) = (try q.extent("hidden_size"), try q.extent("query_tokens"))
        let hidden = try q.extent("intermediate_size")
        let frequency = try q.extent("cross_attention_frequency", default: 2)
        for layer in 0..<(try q.extent("num_hidden_layers")) {
            work.addLinear(rows: queries, width, 4 * width)
            work.addAttention(batch: 1, queries: queries, keys: Double(queries), width: width)
            if layer.isMultiple(of: frequency) {
                work.addLinear(rows: queries, width, 2 * width)
                work.addLinear(rows: tokens, picture, 2 * width)
                work.addAttention(batch: 1, queries: queries, keys: Double(tokens), width: width)
            }
            work.addLinear(rows: queries, width, hidden)
            work.addLinear(rows: queries, hidden, width)
        }
        work.addLinear(rows: queries, width, try c.extent("projection_dim"))
        return work
    }
}
