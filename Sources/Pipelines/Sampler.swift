import Glibc
public import Tensors

/// The options of sampling, as in the table `[language]`.
public struct Sampling: Sendable, Equatable {
    /// Logits are divided by it.
    public var temperature: Double
    /// Keeps the k most likely tokens, and those as likely as the k-th; 0 keeps all.
    public var topK: Int
    /// Keeps the smallest set of tokens that reaches this probability (Holtzman et al., 2020);
    /// 1 keeps all.
    public var topP: Double
    /// Divides positive and multiplies negative logits of tokens already there
    /// (Keskar et al., 2019); 1 changes nothing.
    public var repetitionPenalty: Double

    public init(
        temperature: Double = 1, topK: Int = 0, topP: Double = 1, repetitionPenalty: Double = 1
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.repetitionPenalty = repetitionPenalty
    }
}

/// Draws tokens from logits, in the order of operations of transformers' `generate`:
/// repetition penalty, then temperature, top-k and top-p.
public struct Sampler: Sendable {
    public let options: Sampling

    public init(_ options: Sampling) { self.options = options }

    /// The logits of the tokens that may be drawn; minus infinity for all others.
    /// - Parameter seen: tokens that the repetition penalty applies to.
    public func filtered(_ logits: [Float], seen: Set<Int>) -> [Float] {
        var scores = logits
        let penalty = Float(options.repetitionPenalty)
        for token in seen where scores.indices.contains(token) {
            scores[token] = scores[token] > 0 ? scores[token] / penalty : scores[token] * penalty
        }
        if options.temperature != 1 {
            let temperature = Float(options.temperature)
            for token in scores.indices { scores[token] /= temperature }
        }
        keepTopK(&scores)
        keepTopP(&scores)
        return scores
    }

    /// The published code's way to force an image: until there is one, `[IMG0]` scores ten times
    /// the best, which forces nothing where the best score is negative.
    public static func force(_ token: Int, in scores: inout [Float]) {
        guard let best = scores.max() else { return }
        scores[token] = 10 * best
    }

    /// A token with the probability of its softmax: the first at which the cumulative probability,
    /// in the order of the vocabulary, passes a uniform number.
    ///
    /// The numbers are those of torch's generator, the tokens are not those of
    /// `torch.multinomial`, whose use of the generator depends on how torch was built.
    /// - Returns: `nil` if no score is finite.
    public static func draw(_ scores: [Float], _ generator: inout TorchGenerator) -> Int? {
        guard let best = scores.max(), best.isFinite else { return nil }
        let weights = scores.map { exp(Double($0 - best)) }
        let threshold = generator.uniformDouble() * weights.reduce(0, +)
        var cumulative = 0.0
        var last: Int?
        for (token, weight) in weights.enumerated() where weight > 0 {
            cumulative += weight
            last = token
            if cumulative > threshold { break }
        }
        return last
    }

    private func keepTopK(_ scores: inout [Float]) {
        guard options.topK > 0, options.topK < scores.count else { return }
        let least = scores.sorted(by: >)[options.topK - 1]
        for token in scores.indices where scores[token] < least { scores[token] = -.infinity }
    }

    private func keepTopP(_ scores: inout [Float]) {
        guard options.topP < 1 else { return }
        let ranked = scores.indices.filter { scores[$0] > -.infinity }
            .sorted { (scores[$0], $1) > (scores[$1], $0) }
        guard let first = ranked.first else { return }
        let best = scores[first]
        let weights = ranked.map { exp(Double(scores[$0] - best)) }
        let enough = options.topP * weights.reduce(0, +)
        var cumulative = 0.0
        for (token, weight) in zip(ranked, weights) {
            // A token goes if those before it are enough already; the first always stays.
            if cumulative >= enough { scores[token] = -.infinity }
            cumulative += weight
        }
    }
}
