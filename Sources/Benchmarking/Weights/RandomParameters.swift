import Layers
import Synchronization
import Tensors

/// Makes up every parameter that a model asks for, with numbers that keep activations finite:
/// matrices and kernels of deviation 1/√(numbers of an output), norms of 1, biases of 0.
final class RandomParameters: ParameterStore {
    private let type: NumberType
    private let made = Mutex<(count: UInt64, bytes: Int, failure: BenchmarkError?)>((0, 0, nil))

    init(_ type: NumberType) { self.type = type }

    /// Of all weights so far.
    var byteCount: Int { made.withLock { $0.bytes } }

    /// Why a parameter could not be made; the model then was told that there is none.
    var failure: BenchmarkError? { made.withLock { $0.failure } }

    /// Optional parameters (LoRA) are absent.
    func contains(_ name: String) -> Bool { false }

    func weight(named name: String, shape: Shape) -> Weight? {
        guard shape.rank > 1 else {
            let value: Float = name.hasSuffix("bias") ? 0 : 1
            return Weight(Tensor(shape, repeating: value))
        }
        let inputs = max(shape.count / max(shape[0], 1), 1)
        let seed = made.withLock { made in
            made.count += 1
            return made.count
        }
        do throws(BenchmarkError) {
            let bytes = try RandomBytes(byteCount: shape.count * type.format.width)
            let floats = RandomFloats(type, deviation: 1 / Double(inputs).squareRoot())
            bytes.fill(mask: floats.mask, fixed: floats.fixed, seed: seed)
            made.withLock { $0.bytes += bytes.byteCount }
            return unsafe Weight(
                shape, format: type.format, unsafeBytes: UnsafeRawPointer(bytes.base), owner: bytes)
        } catch {
            made.withLock { $0.failure = error }
            return nil
        }
    }
}
