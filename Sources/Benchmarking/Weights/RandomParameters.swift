import Layers
import Synchronization
import Tensors

/// Makes up every parameter that a model asks for, in the form that a type has it in, with numbers
/// that keep activations finite: matrices and kernels of deviation 1/√(numbers of an output), norms
/// of 1, biases of 0.
final class RandomParameters: ParameterStore {
    private let type: WeightType
    private let made = Mutex<(count: UInt64, failure: BenchmarkError?)>((0, nil))

    /// Outputs of a packed parameter that are packed; all others are copies of them. Packing
    /// thousands of millions of numbers would take minutes, and no kernel sees a difference.
    private static let outputs = 1024

    init(_ type: WeightType) { self.type = type }

    /// Why a parameter could not be made; the model then was told that there is none.
    var failure: BenchmarkError? { made.withLock { $0.failure } }

    /// Optional parameters (LoRA) are absent.
    func contains(_ name: String) -> Bool { false }

    func parameter(
        named name: String, shape: Shape, for use: ParameterUse
    ) -> StoredParameter? {
        guard shape.rank > 1 else {
            let value: Float = name.hasSuffix("bias") ? 0 : 1
            return .plain(Weight(Tensor(shape, repeating: value)))
        }
        do throws(BenchmarkError) {
            guard type.layout(for: use, shape) != nil else {
                return .plain(try random(shape, type.format(for: use)))
            }
            return try packed(shape, use)
        } catch {
            made.withLock { $0.failure = error }
            return nil
        }
    }

    /// Bytes of a parameter.
    static func byteCount(_ shape: Shape, _ use: ParameterUse, _ type: WeightType) -> Int {
        guard shape.rank > 1, let layout = type.layout(for: use, shape) else {
            return shape.count * type.format(for: use).width
        }
        return PackedTensor.byteCount(
            packedShape(shape), layout, parts: use.parts)
    }

    private func packed(
        _ shape: Shape, _ use: ParameterUse
    ) throws(BenchmarkError) -> StoredParameter? {
        let rows = shape[0] / use.parts
        let few = try random(shape.with(min(rows, Self.outputs), at: 0), .float32)
        let whole: ParameterUse = if case .matrix = use { .matrix(parts: 1) } else { use }
        guard case .packed(let sample) = StoredParameter(few, for: whole, as: type) else {
            throw BenchmarkError("\(type.rawValue) packs \(shape) and not \(few.shape)")
        }
        return .packed(
            PackedTensor(repeating: sample, to: Self.packedShape(shape), parts: use.parts))
    }

    private static func packedShape(_ shape: Shape) -> Shape {
        shape.rank == 4 ? [shape[0], shape[2], shape[3], shape[1]] : shape
    }

    private func random(
        _ shape: Shape, _ format: WeightFormat
    ) throws(BenchmarkError) -> Weight {
        let inputs = max(shape.count / max(shape[0], 1), 1)
        let seed = made.withLock { made in
            made.count += 1
            return made.count
        }
        let bytes = try RandomBytes(byteCount: shape.count * format.width)
        let floats = RandomFloats(format, deviation: 1 / Double(inputs).squareRoot())
        bytes.fill(mask: floats.mask, fixed: floats.fixed, seed: seed)
        return unsafe Weight(
            shape, format: format, unsafeBytes: UnsafeRawPointer(bytes.base), owner: bytes)
    }
}

extension ParameterUse {
    var parts: Int { if case .matrix(let parts) = self { parts } else { 1 } }
}
