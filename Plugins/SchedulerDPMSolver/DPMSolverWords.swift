import Stages

/// `algorithm_type`: what the solver takes the model to predict, and which equation it solves.
enum DPMSolverAlgorithm: String, CaseIterable {
    case noise = "dpmsolver"
    case original = "dpmsolver++"
    case stochasticNoise = "sde-dpmsolver"
    case stochasticOriginal = "sde-dpmsolver++"
    /// Configurations of DEIS' scheduler have this; diffusers takes it for `dpmsolver++`.
    case deis

    var quantity: PredictedQuantity {
        switch self {
        case .noise, .stochasticNoise: .noise
        case .original, .stochasticOriginal, .deis: .original
        }
    }

    /// The noise that is drawn anew: none, or as much as the reverse process does.
    var tau: Double {
        switch self {
        case .noise, .original, .deis: 0
        case .stochasticNoise, .stochasticOriginal: 1
        }
    }
}

/// `solver_type`: how the slope counts in a step of second order, or in a third-order one of the
/// single-step solver.
enum DPMSolverCorrection: String, CaseIterable {
    case midpoint
    case heun
    /// Words of DEIS and UniPC; diffusers takes them for `midpoint`.
    case logrho
    case bh1
    case bh2
}
