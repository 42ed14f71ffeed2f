import Checkpoints
import Glibc
import Tensors

/// The frequencies of a LLaMA's rotary positions, by `rope_theta` and `rope_scaling` of its
/// `config.json`, or `rope_parameters`, which newer files have in place of both.
struct LlamaPositions: Sendable {
    /// One for each pair of channels of a head, in radians a position.
    let frequencies: [Float]

    init(_ c: Settings, headWidth: Int, contextLength: Int) throws(SettingError) {
        let own = try c.table("rope_parameters")
        let scaling = try c.table(
            c.value("rope_scaling") == nil ? "rope_parameters" : "rope_scaling")
        let base = Float(
            try own.number(
                "rope_theta", default: c.number("rope_theta", default: 10_000, in: 1...1e12),
                in: 1...1e12))
        let frequencies = rotaryFrequencies(headWidth / 2, base: base)
        // Of Llama 3's time is the name; older files have it under `type`.
        let key =
            scaling.value("rope_type") == nil && scaling.value("type") != nil
            ? "type" : "rope_type"
        switch try scaling.string(key, default: "default") {
        case "default": self.frequencies = frequencies
        case "llama3":
            let stretch = try LongContextStretch(scaling, contextLength: contextLength)
            self.frequencies = frequencies.map(stretch.callAsFunction)
        case let other:
            throw scaling.error(key, "\"\(other)\" is not one of default, llama3")
        }
    }
}

/// How Llama 3.1 stretches positions beyond the context of its first training (Grattafiori et al.,
/// 2024, "The Llama 3 Herd of Models"): channels that turned less than `slowest` times in that
/// context turn `factor` times slower, those that turned more than `fastest` times as before, and
/// the ones between are interpolated by their turns.
private struct LongContextStretch {
    let factor, slowest, fastest, context: Float

    init(_ c: Settings, contextLength: Int) throws(SettingError) {
        factor = Float(try c.number("factor", in: 1...1e6))
        slowest = Float(try c.number("low_freq_factor", in: 1e-6...1e6))
        fastest = Float(try c.number("high_freq_factor", in: 1e-6...1e6))
        context = Float(
            try c.extent("original_max_position_embeddings", default: contextLength))
        guard slowest < fastest else {
            throw c.error("high_freq_factor", "\(fastest) is not above low_freq_factor, \(slowest)")
        }
    }

    func callAsFunction(_ frequency: Float) -> Float {
        let turns = context * frequency / (2 * Float.pi)
        let share = min(max((turns - slowest) / (fastest - slowest), 0), 1)
        return (1 - share) * frequency / factor + share * frequency
    }
}
