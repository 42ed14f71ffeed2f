internal import CKernels

/// The steps of a piece of a product of bf16 numbers: some rows, rounded for some pairs of the depth, are
/// multiplied with all columns.
///
/// Many rows take one block of the depth after the other, and then the next rows. A few rows are rounded
/// for all of the depth, and so read the weight once, from one end to the other.
struct PairSteps {
    private let rows: Range<Int>
    private let pairs, block: Int
    /// Of a step, the last ones excepted.
    private let height, span: Int
    private let spans: Int
    let count: Int

    /// Words of rounded rows: they and two panels of columns stay in a core's own cache.
    private static let mostWords = 120 * 1024

    /// - Parameter block: the pairs that a row of rounded numbers holds at most.
    init(rows: Range<Int>, pairs: Int, block: Int) {
        self.rows = rows
        self.pairs = pairs
        self.block = block
        let most = max(Self.mostWords / (block * PairProduct.tileRows), 1) * PairProduct.tileRows
        let bands = Self.parts(rows.count, most)
        height = Self.parts(rows.count, max(bands, 1))
        let isFew = height <= PairProduct.tileRows
        span = isFew ? max(Self.mostWords / (height * PairProduct.stride), 1) * block : block
        spans = max(Self.parts(pairs, span), 1)
        count = bands * spans
    }

    /// Words of the rounded rows of a step.
    var words: Int { height * PairProduct.stride * max(Self.parts(min(span, pairs), block), 1) }

    subscript(step: Int) -> (rows: Range<Int>, pairs: Range<Int>) {
        let (band, part) = step.quotientAndRemainder(dividingBy: spans)
        let first = rows.lowerBound + band * height
        return (
            first..<min(first + height, rows.upperBound),
            part * span..<min((part + 1) * span, pairs)
        )
    }

    /// The blocks of a step's pairs; one that is empty where the depth is.
    func blocks(of pairs: Range<Int>) -> some Sequence<Range<Int>> {
        let block = block
        return (0..<max(Self.parts(pairs.count, block), 1)).lazy.map { index in
            let first = pairs.lowerBound + index * block
            return first..<min(first + block, pairs.upperBound)
        }
    }

    private static func parts(_ extent: Int, _ size: Int) -> Int { (extent + size - 1) / size }
}
