public import Tensors

/// Layer normalisation of the last axis with a learned scale and shift.
public struct LayerNorm: Sendable {
    let weight, bias: Tensor
    let epsilon: Float

    /// - Parameter p: holds `weight` and `bias` of `[channels]`.
    public init(_ p: Parameters, _ channels: Int, epsilon: Float) throws(ParameterError) {
        weight = try p.tensor("weight", [channels])
        bias = try p.tensor("bias", [channels])
        self.epsilon = epsilon
    }

    /// `[..., channels]`, the shape kept.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        layerNorm(x, weight: weight, bias: bias, epsilon: epsilon)
    }
}

/// Root mean square normalisation of the last axis with a learned scale.
public struct RMSNorm: Sendable {
    let weight: Tensor
    let epsilon: Float

    /// - Parameter p: holds `weight` of `[channels]`.
    public init(_ p: Parameters, _ channels: Int, epsilon: Float) throws(ParameterError) {
        weight = try p.tensor("weight", [channels])
        self.epsilon = epsilon
    }

    /// `[..., channels]`, the shape kept.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        rmsNorm(x, weight: weight, epsilon: epsilon)
    }
}

/// Group normalisation of each sample with a learned scale and shift a channel.
public struct GroupNorm: Sendable {
    let groups: Int
    let weight, bias: Tensor
    let epsilon: Float

    /// - Parameter p: holds `weight` and `bias` of `[channels]`.
    public init(
        _ p: Parameters, groups: Int, channels: Int, epsilon: Float
    ) throws(ParameterError) {
        precondition(
            groups >= 1 && channels % groups == 0, "\(groups) groups of \(channels) channels")
        weight = try p.tensor("weight", [channels])
        bias = try p.tensor("bias", [channels])
        self.groups = groups
        self.epsilon = epsilon
    }

    /// `[B, ..., channels]`, the shape kept.
    /// - Parameter activation: of what is normalised, in the same pass over memory.
    public func callAsFunction(_ x: Tensor, activation: Activation? = nil) -> Tensor {
        groupNorm(
            x, groups: groups, weight: weight, bias: bias, epsilon: epsilon,
            activation: activation)
    }
}
