/// Scaled dot-product attention of several heads (Vaswani et al., 2017, §3.2):
/// `softmax(q · kᵀ / √d) · v`, each head over its own `d` channels.
///
/// - Parameters:
///   - query: `[B, N, h·d]`.
///   - key, value: `[B, M, h·d]`.
///   - heads: `h`.
///   - causalOffset: The position of the first query among the keys: query `i` sees keys
///     `0...(causalOffset + i)`. All queries see all keys without it.
/// - Returns: `[B, N, h·d]`.
///
/// Works on a block of queries of one head at a time, so that the scores of all queries never
/// exist at once.
public func attention(
    query: Tensor, key: Tensor, value: Tensor, heads: Int, causalOffset: Int? = nil
) -> Tensor {
    precondition(
        query.shape.rank == 3 && key.shape.rank == 3 && key.shape == value.shape
            && query.shape[0] == key.shape[0] && query.shape[2] == key.shape[2],
        "attention: query \(query.shape), key \(key.shape), value \(value.shape)")
    precondition(
        heads >= 1 && query.shape[2] % heads == 0,
        "attention: \(heads) heads do not divide \(query.shape)")
    precondition(key.shape[1] >= 1, "attention: no keys in \(key.shape)")
    if let causalOffset {
        precondition(
            causalOffset >= 0 && causalOffset + query.shape[1] <= key.shape[1],
            "attention: query \(query.shape) at \(causalOffset), key \(key.shape)")
    }
    let shape = AttentionShape(
        batch: query.shape[0], queries: query.shape[1], keys: key.shape[1], heads: heads,
        width: query.shape[2] / heads, causalOffset: causalOffset)
    return unsafe Tensor(uninitialized: query.shape) { y in
        unsafe query.withElements { query in
            unsafe key.withElements { key in
                unsafe value.withElements { value in
                    unsafe attentionForward(query, key, value, into: y, shape)
                }
            }
        }
    }
}

struct AttentionShape {
    let batch, queries, keys, heads: Int
    /// Channels of one head.
    let width: Int
    let causalOffset: Int?

    /// How many keys a query sees.
    func visible(from query: Int) -> Int {
        causalOffset.map { min($0 + query + 1, keys) } ?? keys
    }
}

func attentionForward(
    _ query: UnsafePointer<Float>, _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, _ shape: AttentionShape
) {
    // At most 64 queries and 512 KiB of scores at a time.
    let block = min(max(128 * 1024 / shape.keys, 1), 64, max(shape.queries, 1))
    let blocks = (shape.queries + block - 1) / block
    let channels = shape.heads * shape.width
    let scale = 1 / Float(shape.width).squareRoot()
    ThreadPool.run(shape.batch * shape.heads * blocks) { piece in
        let first = piece % blocks * block
        let queries = first..<min(first + block, shape.queries)
        let head = piece / blocks % shape.heads
        let sample = piece / blocks / shape.heads
        let channel = head * shape.width
        let start = (sample * shape.queries + first) * channels + channel
        let keyStart = sample * shape.keys * channels + channel
        let keys = shape.visible(from: queries.upperBound - 1)
        unsafe Scratch.withFloats(queries.count * keys) { scores in
            unsafe Kernels.multiply(
                query + start, stride: channels, byTransposed: key + keyStart, stride: channels,
                scale: scale, into: scores, stride: keys, rows: queries.count, columns: keys,
                depth: shape.width)
            for row in queries {
                let scores = unsafe scores + (row - first) * keys
                let visible = shape.visible(from: row)
                unsafe Kernels.table.softmax(scores, scores, visible)
                unsafe (scores + visible).update(repeating: 0, count: keys - visible)
            }
            unsafe Kernels.multiply(
                UnsafePointer(scores), stride: keys, by: value + keyStart, stride: channels,
                into: y + start, stride: channels, rows: queries.count, columns: shape.width,
                depth: keys)
        }
    }
}
