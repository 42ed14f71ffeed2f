import Layers
public import Pipelines
public import Stages

/// Where the stages that are measured come from.
public enum StageSource: Sendable {
    /// A pipeline's own models.
    case pipeline(PipelineFile)
    /// Random weights.
    case random(Geometry, WeightTypes)

    /// What people call it.
    var name: String {
        switch self {
        case .pipeline(let file): file.name
        case .random(let geometry, _): geometry.name + ", random weights"
        }
    }

    /// How the weights of single operations are stored.
    var kernelType: WeightType {
        if case .random(_, let types) = self { types.general } else { .f32 }
    }

    /// Rows of a prompt that the engine appends at a time.
    var prefillChunk: Int {
        if case .pipeline(let file) = self { file.engine.prefillChunk } else { 64 }
    }
}
