/// Dots of a terminal: two columns and four rows of them in each character (Unicode's Braille
/// patterns, U+2800).
struct BrailleCanvas {
    /// Characters.
    let width: Int
    let height: Int
    private var cells: [UInt8]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        cells = Array(repeating: 0, count: width * height)
    }

    /// The last dot's place, from the upper left.
    var lastDot: (x: Int, y: Int) { (2 * width - 1, 4 * height - 1) }

    /// - Precondition: within the canvas.
    mutating func dot(x: Int, y: Int) {
        // Braille's own order: down the left column, then the right, the lowest dots last.
        let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
        cells[y / 4 * width + x / 2] |= bits[y % 4][x % 2]
    }

    /// A line between two dots.
    mutating func line(from start: (x: Int, y: Int), to end: (x: Int, y: Int)) {
        let count = max(abs(end.x - start.x), abs(end.y - start.y))
        for step in 0...count {
            let share = count == 0 ? 0 : Double(step) / Double(count)
            dot(
                x: start.x + Int((Double(end.x - start.x) * share).rounded()),
                y: start.y + Int((Double(end.y - start.y) * share).rounded()))
        }
    }

    var rows: [String] {
        (0..<height).map { row in
            String(
                String.UnicodeScalarView(
                    cells[row * width..<(row + 1) * width].compactMap {
                        Unicode.Scalar(0x2800 + UInt32($0))
                    }))
        }
    }
}
