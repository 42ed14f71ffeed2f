import Stages
import Tensors

/// The keys and values of one layer for the positions of one sequence.
final class KeyValueCache {
    private let keyRows, valueRows: RowBuffer

    init(width: Int) {
        keyRows = RowBuffer(width: width, block: 256)
        valueRows = RowBuffer(width: width, block: 256)
    }

    var count: Int { keyRows.count }
    var byteCount: Int { keyRows.byteCount + valueRows.byteCount }
    /// `[1, count, width]`, rotated to their positions.
    var keys: Tensor { keyRows.rows.reshaped([1, count, keyRows.width]) }
    /// `[1, count, width]`.
    var values: Tensor { valueRows.rows.reshaped([1, count, valueRows.width]) }

    /// - Parameter keys, values: `[1, T, width]`.
    func append(keys: Tensor, values: Tensor) {
        keyRows.append(keys)
        valueRows.append(values)
    }

    func truncate(to count: Int) {
        keyRows.truncate(to: count)
        valueRows.truncate(to: count)
    }

    func piece(_ positions: Range<Int>) -> LlamaPiece.Layer {
        LlamaPiece.Layer(keys: keyRows.copy(positions), values: valueRows.copy(positions))
    }
}

/// What some positions have left in every layer.
struct LlamaPiece: LanguageModelPiece {
    struct Layer {
        /// `[T, width]`, the keys rotated to their positions.
        let keys, values: Tensor
    }

    let layers: [Layer]
    /// The first position.
    let start: Int

    var byteCount: Int {
        layers.reduce(0) { $0 + $1.keys.count + $1.values.count } * MemoryLayout<Float>.stride
    }
}

/// The state of one sequence: a cache for every layer.
///
/// `@unchecked Sendable`: a request owns its state, and stages are called from the inference
/// thread, one call at a time.
final class LlamaState: LanguageModelState, @unchecked Sendable {
    let caches: [KeyValueCache]

    init(layers: Int, width: Int) {
        caches = (0..<layers).map { _ in KeyValueCache(width: width) }
    }

    var count: Int { caches[0].count }
    var byteCount: Int { caches.reduce(0) { $0 + $1.byteCount } }

    func truncate(to count: Int) {
        for cache in caches { cache.truncate(to: count) }
    }

    func piece(_ positions: Range<Int>) -> (any LanguageModelPiece)? {
        LlamaPiece(layers: caches.map { $0.piece(positions) }, start: positions.lowerBound)
    }

    func append(_ piece: any LanguageModelPiece) {
        guard let piece = piece as? LlamaPiece, piece.layers.count == caches.count else {
            preconditionFailure("a piece of another stage: \(type(of: piece))")
        }
        precondition(piece.start == count, "a piece from \(piece.start) on at \(count)")
        for (cache, layer) in zip(caches, piece.layers) {
            cache.append(keys: layer.keys, values: layer.values)
        }
    }
}
