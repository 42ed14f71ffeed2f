public import Tensors

/// What a UNet makes of one sample's conditioning ahead of the calls that it is for: the keys and
/// values of its cross-attention, say.
///
/// It serves all calls of an image, and of several images where their conditioning is the same. It
/// does not change, and belongs to the stage that made it.
public protocol PreparedConditioning: Sendable {
    /// `[1, L, C]`: what it was made of.
    var conditioning: Tensor { get }
}

/// A conditioning as it is.
public struct PlainConditioning: PreparedConditioning {
    public let conditioning: Tensor

    public init(_ conditioning: Tensor) { self.conditioning = conditioning }
}
