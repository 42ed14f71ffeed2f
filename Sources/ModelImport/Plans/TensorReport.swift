public import Stages

/// What becomes of the tensors of a stage's sources.
public struct TensorReport: Sendable {
    public struct Shape: Sendable, Equatable {
        public let name: String
        public let expected, found: [Int]
    }

    public let stage: StageKind
    /// That the stage asks for and the sources have.
    public let used: [String]
    /// That the stage has said it does without: what the publishers' own programs ignore as well.
    public let unused: [String]
    /// That nothing asks for: of another architecture, or damaged names.
    public let unknown: [String]
    public let missing: [String]
    public let misshapen: [Shape]

    public var isComplete: Bool { unknown.isEmpty && missing.isEmpty && misshapen.isEmpty }

    /// Why it is not complete.
    var text: String {
        var reasons: [String] = []
        if !missing.isEmpty { reasons.append(Self.list("lacks", missing)) }
        if let first = misshapen.first {
            reasons.append(
                "has \(first.name) of shape \(first.found) where the configuration asks for "
                    + "\(first.expected)"
                    + (misshapen.count > 1 ? ", and \(misshapen.count - 1) more such" : ""))
        }
        if !unknown.isEmpty {
            reasons.append(
                Self.list("has tensors that it does not ask for:", unknown)
                    + " (to leave such out: --ignore 'pattern')")
        }
        return "\(stage.rawValue) " + reasons.joined(separator: "; it ")
    }

    private static func list(_ what: String, _ names: [String]) -> String {
        let rest = names.count > 3 ? " and \(names.count - 3) more" : ""
        return "\(what) \(names.prefix(3).joined(separator: ", "))\(rest)"
    }
}
