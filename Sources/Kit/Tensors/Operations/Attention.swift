internal import CKernels

/// Scaled dot-product attention of several heads (Vaswani et al., 2017, §3.2):
/// `softmax(q · kᵀ / √d) · v`, each head over its own `d` channels.
///
/// - Parameters:
///   - query: `[B, N, h·d]`.
///   - key, value: `[B, M, h·d]`.
///   - heads: `h`.
///   - causalOffset: The position of the first query among the keys: query `i` sees keys
///     `0...(causalOffset + i)`. All queries see all keys without it.
///   - arithmetic: In bf16, queries, keys and values are rounded to nearest, ties to even, and so are
///     the weights of the values; scores, weights and all sums are 32-bit floats.
/// - Returns: `[B, N, h·d]`.
///
/// Keys are taken in blocks with a running maximum and sum (Milakov and Gimelshein, 2018), so the
/// scores never exist at once. A query's result depends on the keys that it sees and on nothing
/// else: a token gets the same bytes alone, against cached keys, and amid a whole sequence.
public func attention(
    query: Tensor, key: Tensor, value: Tensor, heads: Int, causalOffset: Int? = nil,
    arithmetic: Arithmetic = .float32
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
        width: query.shape[2] / heads, causalOffset: causalOffset, arithmetic: arithmetic)
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
    let arithmetic: Arithmetic

    /// Many queries read a block of keys that was brought near once; few leave the threads enough
    /// pieces.
    var queriesOfAPiece: Int {
        let (most, lanes) = (Int(VOKEN_ATTENTION_QUERIES), Int(VOKEN_ATTENTION_LANES))
        let ofAHead = max(4 * ThreadPool.threads / max(batch * heads, 1), 1)
        let even = (queries + ofAHead - 1) / ofAHead
        return min((max(even, 1) + lanes - 1) / lanes * lanes, most)
    }
}

func attentionForward(
    _ query: UnsafePointer<Float>, _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, _ shape: AttentionShape
) {
    let channels = shape.heads * shape.width
    let head = voken_attention(
        width: shape.width, stride: channels, scale: 1 / Float(shape.width).squareRoot(),
        causal: shape.causalOffset != nil, pairs: shape.arithmetic == .bfloat16)
    guard shape.queries > Int(VOKEN_ATTENTION_FEW) || shape.arithmetic == .bfloat16 else {
        return unsafe attendFew(query, key, value, into: y, shape, head)
    }
    let block = shape.queriesOfAPiece
    let blocks = (shape.queries + block - 1) / block
    let scratch = voken_attention_scratch(shape.width)
    // A thread takes at least about 20 µs of work, a vector of queries being the least there is.
    let work = min(max(shape.queries, 16), block) * shape.keys * shape.width
    let grain = max(512 * 1024 / max(work, 1), 1)
    ThreadPool.run(shape.batch * shape.heads * blocks, grain: grain) { pieces in
        unsafe Scratch.withFloats(scratch) { scratch in
            for piece in pieces {
                let first = piece % blocks * block
                let channel = piece / blocks % shape.heads * shape.width
                let sample = piece / blocks / shape.heads
                let start = (sample * shape.queries + first) * channels + channel
                let keyStart = sample * shape.keys * channels + channel
                let visible = shape.causalOffset.map { $0 + first + 1 } ?? shape.keys
                unsafe withUnsafePointer(to: head) { head in
                    unsafe Kernels.table.attention(
                        head, query + start, key + keyStart, value + keyStart, y + start,
                        min(block, shape.queries - first), visible, scratch)
                }
            }
        }
    }
}

/// A piece is some heads of a sample, whose rows of keys and values are neighbours in memory.
private func attendFew(
    _ query: UnsafePointer<Float>, _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, _ shape: AttentionShape, _ head: voken_attention
) {
    guard shape.queries > 0 else { return }
    // A thread reads at least 256 KiB at a time, since handing out a piece costs as much as fewer, and
    // has four pieces, so that it need not wait long for another; the more heads, the longer are the
    // stretches of memory that it reads.
    let least = 32 * 1024 / max(shape.keys * shape.width, 1) + 1
    let share = shape.heads / (4 * ThreadPool.threads)
    let some = min(max(least, share), shape.heads, Int(VOKEN_ATTENTION_HEADS))
    let pieces = (shape.heads + some - 1) / some
    ThreadPool.run(shape.batch * pieces) { piece in
        let (sample, first) = (piece / pieces, piece % pieces * some)
        let channel = first * shape.width
        let start = sample * shape.queries * head.stride + channel
        let keyStart = sample * shape.keys * head.stride + channel
        unsafe withUnsafePointer(to: head) { head in
            unsafe Kernels.table.attention_few(
                head, min(some, shape.heads - first), query + start, key + keyStart,
                value + keyStart, y + start, shape.queries,
                shape.causalOffset.map { $0 + 1 } ?? shape.keys)
        }
    }
}
