/// How MiniGPT-5 spells the tokens that it adds to a vocabulary.
enum VokenNames {
    static let vokens = (0..<8).map { "[IMG\($0)]" }
    static let imagePlaceholder = "<ImageHere>"
    static let all = vokens + [imagePlaceholder]
}
