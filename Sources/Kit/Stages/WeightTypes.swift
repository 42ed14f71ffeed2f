public import Layers

/// Which type the weights of which stage are stored in.
public struct WeightTypes: Sendable, Equatable, CustomStringConvertible {
    /// For all that have none of their own.
    public let general: WeightType
    private var own: [StageKind: WeightType] = [:]

    public init(_ general: WeightType) { self.general = general }

    public subscript(kind: StageKind) -> WeightType {
        get { own[kind] ?? general }
        set { own[kind] = newValue }
    }

    /// As it is read: `bf16,language_model=q8_0`.
    public var description: String {
        ([general.rawValue]
            + own.map { "\($0.key.rawValue)=\($0.value.rawValue)" }.sorted())
            .joined(separator: ",")
    }
}

extension WeightTypes {
    /// What is wrong with a text of types.
    public struct ParsingError: Error, CustomStringConvertible {
        public let description: String
    }

    /// Reads types with commas between them: one for all stages first, if at all, then those of
    /// stages, as in `bf16,language_model=q8_0`. Names of stages may be written `languageModel`.
    /// - Parameter general: where the text names none.
    public init(parsing text: String, general: WeightType) throws(ParsingError) {
        self.init(general)
        for (index, word) in text.split(separator: ",", omittingEmptySubsequences: false)
            .enumerated()
        {
            let parts = word.split(separator: "=", omittingEmptySubsequences: false)
            guard let name = parts.last, let type = WeightType(rawValue: String(name)),
                parts.count <= 2
            else {
                let known = WeightType.allCases.map(\.rawValue).joined(separator: ", ")
                throw ParsingError(description: "\"\(word)\" is not one of \(known)")
            }
            if parts.count == 2 {
                self[try Self.kind(parts[0])] = type
            } else if index == 0 {
                self = WeightTypes(type)
            } else {
                throw ParsingError(description: "a type for all stages comes first")
            }
        }
    }

    private static func kind(_ name: Substring) throws(ParsingError) -> StageKind {
        let plain = name.lowercased().filter { $0 != "_" }
        let kinds = StageKind.allCases.filter { $0 != .scheduler }
        guard let kind = kinds.first(where: { $0.rawValue.filter { $0 != "_" } == plain }) else {
            let known = kinds.map(\.rawValue).joined(separator: ", ")
            throw ParsingError(description: "\"\(name)\" is not one of \(known)")
        }
        return kind
    }
}
