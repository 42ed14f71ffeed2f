internal import CKernels

/// The weight of a 3×3 convolution of stride 1, transformed for Winograd's minimal filtering
/// (Lavin and Gray, 2016, §4.1): 16 numbers for 9, in 32-bit floats, in the order in which the
/// products read them.
///
/// It is transformed once, when a layer is made, and takes the place of the stored weight.
public struct WinogradWeight: Sendable {
    /// Outputs and inputs.
    public let outputs, channels: Int
    /// `[panels, 16, channels, columns]`.
    private let panels: Tensor

    private static let columns = unsafe Kernels.table.product_columns

    /// With fewer channels than these the transforms cost more than the products that they save.
    private static let leastChannels = 32

    /// Whether convolutions with a weight of `[O, h, w, I]` are faster by this method.
    public static func suits(_ shape: Shape, stride: Int) -> Bool {
        shape.rank == 4 && shape[1] == 3 && shape[2] == 3 && stride == 1
            && shape[0] >= leastChannels && shape[3] >= leastChannels
    }

    /// - Parameter weight: `[O, 3, 3, I]`, see ``Weight/channelsInnermost()``.
    public init(_ weight: Weight) {
        precondition(
            weight.shape.rank == 4 && weight.shape[1] == 3 && weight.shape[2] == 3,
            "WinogradWeight: weight \(weight.shape)")
        let (outputs, channels) = (weight.shape[0], weight.shape[3])
        let (columns, count) = (Self.columns, (outputs + Self.columns - 1) / Self.columns)
        let row = 9 * channels * weight.format.width
        let shape: Shape = [count, 16, channels, columns]
        panels = unsafe Tensor(uninitialized: shape) { target in
            guard let bytes = unsafe weight.bytes else {
                unsafe target.update(repeating: 0, count: shape.count)
                return
            }
            ThreadPool.run(count) { panel in
                let first = panel * columns
                unsafe Kernels.table.winograd_weight(
                    weight.format.kernelFormat, bytes + first * row, min(columns, outputs - first),
                    channels, target + panel * 16 * channels * columns)
            }
        }
        self.outputs = outputs
        self.channels = channels
    }

    /// The numbers of the panels, and how many there are.
    func withPanels(_ body: (UnsafePointer<Float>, Int) -> Void) {
        unsafe panels.withElements { unsafe body($0, panels.shape[0]) }
    }

    static func columns(of panels: Int) -> Int { panels * columns }
}
