public import Layers
public import Stages

/// Which type for which stage's random weights.
public struct WeightTypes: Sendable, Equatable {
    /// For all that have none of their own.
    let general: WeightType
    private var own: [StageKind: WeightType] = [:]

    public init(_ general: WeightType) { self.general = general }

    public subscript(kind: StageKind) -> WeightType {
        get { own[kind] ?? general }
        set { own[kind] = newValue }
    }
}
