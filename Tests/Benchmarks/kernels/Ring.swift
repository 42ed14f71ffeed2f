import Tensors

/// Several weights of one shape, more than the caches hold, taken in turn: what a layer after another
/// finds in memory. They are made when the first one is taken.
final class Ring<Element> {
    private var elements: [Element] = []
    private let count: Int
    private let make: () -> Element
    private var next = 0

    init(byteCount: Int, _ make: @escaping () -> Element) {
        let wanted = 160 << 20
        count = max((wanted + byteCount - 1) / byteCount, 2)
        self.make = make
    }

    func take() -> Element {
        while elements.count < count { elements.append(make()) }
        next = (next + 1) % count
        return elements[next]
    }
}

/// A weight of arbitrary blocks, whose scales are near one thousandth.
func quantisedNoise(_ shape: Shape, _ format: QuantisedWeight.Format) -> QuantisedWeight {
    let width = format == .q8_0 ? 34 : 18
    var state: UInt64 = 1
    var blocks = [UInt8](repeating: 0, count: shape.count / 32 * width)
    for index in blocks.indices {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        blocks[index] = index % width == 1 ? 0x14 : UInt8(truncatingIfNeeded: state >> 56)
    }
    return switch format {
    case .q8_0: unsafe QuantisedWeight(shape, q8Blocks: blocks.span.bytes)
    case .q4: unsafe QuantisedWeight(shape, q4Blocks: blocks.span.bytes)
    }
}

/// Bytes a second that all threads together read from memory, at most.
func readRate(threads: Int) -> Double {
    let (lines, pieces) = (16 * 1024, 512)
    let block = Block(byteCount: lines * pieces * 64)
    let time = fastest(budget: 1) {
        ThreadPool.run(pieces) { piece in
            var sum = SIMD8<UInt64>()
            for line in piece * lines..<(piece + 1) * lines {
                unsafe sum &+= block.lines[line]
            }
            unsafe block.sums[piece] = sum.wrappedSum()
        }
    }
    return Double(lines * pieces * 64) / time
}

/// `@unchecked Sendable`: lines are read alone, and each sum is written by one thread at a time.
@safe private final class Block: @unchecked Sendable {
    let lines: UnsafeMutablePointer<SIMD8<UInt64>>
    let sums: UnsafeMutablePointer<UInt64>

    init(byteCount: Int) {
        unsafe lines = .allocate(capacity: byteCount / 64)
        unsafe lines.initialize(repeating: SIMD8(repeating: 1), count: byteCount / 64)
        unsafe sums = .allocate(capacity: 512)
        unsafe sums.initialize(repeating: 0, count: 512)
    }

    deinit {
        unsafe lines.deallocate()
        unsafe sums.deallocate()
    }
}
