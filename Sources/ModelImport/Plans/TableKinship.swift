import Glibc
import Layers
import Tensors

/// How a trained embedding table is related to the one that its training is said to have begun with.
///
/// MiniGPT-5's training changes nine rows of the table. All others it only shrinks: AdamW's weight
/// decay (Loshchilov & Hutter, 2019) takes the same small share off every number at every step. So of
/// the right base each row is the trained one times one factor, a little over 1, but for the rounding
/// to bf16 before the training; and the signs of all numbers are the same. A fine-tuned relative
/// differs in every row that its own training touched.
struct TableKinship: Equatable {
    /// What the base's numbers were multiplied by, in the median of the rows.
    let factor: Double
    /// What is left of the median row, relative to its length, when the base's multiple is taken
    /// away.
    let residual: Double
    /// The share of rows that are left with more than ``tolerance``.
    let apart: Double
    /// The share of numbers whose signs differ.
    let signsApart: Double
    /// The rows that were compared.
    let rows: Int

    /// Rounding to bf16 (eight bits) leaves about 0.16 % of a row of many numbers.
    static let tolerance = 0.004

    /// - Parameters:
    ///   - rows: the first so many of each, which the training did not touch.
    init(base: TensorOrigin, trained: TensorOrigin, rows: Int) throws(ImportError) {
        let (base, trained) = (try TensorReader(base), try TensorReader(trained))
        let columns = base.columns
        var factors: [Double] = []
        var residuals: [Double] = []
        var flipped = 0
        for start in stride(from: 0, to: rows, by: 256) {
            let range = start..<min(start + 256, rows)
            let (x, y) = (base.stored(range).tensor(), trained.stored(range).tensor())
            x.withSpan { x in
                y.withSpan { y in
                    for row in 0..<range.count {
                        var (xx, xy, yy) = (0.0, 0.0, 0.0)
                        for index in row * columns..<(row + 1) * columns {
                            let (a, b) = (Double(x[index]), Double(y[index]))
                            xx += a * a
                            xy += a * b
                            yy += b * b
                            if a * b < 0 { flipped += 1 }
                        }
                        // A row of zeros (padding) says nothing.
                        guard xx > 0, yy > 0 else { continue }
                        factors.append(xy / xx)
                        residuals.append(max(0, (yy - xy * xy / xx) / yy).squareRoot())
                    }
                }
            }
        }
        self.rows = rows
        factor = median(factors)
        residual = median(residuals)
        let beyond = residuals.count { $0 > Self.tolerance }
        apart = residuals.isEmpty ? 1 : Double(beyond) / Double(residuals.count)
        signsApart = Double(flipped) / Double(max(rows * columns, 1))
    }

    /// Whether the one was trained from the other. A row in a hundred may be another: a padding
    /// row that somebody has filled.
    var belongs: Bool {
        residual <= Self.tolerance && apart <= 0.01 && (0.8...1.001).contains(factor)
    }

    /// For a message.
    var text: String {
        guard residual > Self.tolerance || apart > 0.01 else {
            return "all rows are \(percent(factor)) of the base's"
        }
        let kin = signsApart < 0.25 ? "a relative" : "an unrelated model"
        return "\(percent(apart)) of \(rows) rows differ by more than rounding, the median row by "
            + "\(percent(residual)), \(percent(signsApart)) of the signs: the base is \(kin)"
    }
}

private func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
}

/// To three digits.
private func percent(_ share: Double) -> String {
    let value = share * 100
    guard value >= 1e-4 else { return "0 %" }
    let digits = max(0, 2 - Int(log10(value).rounded(.down)))
    let scale = pow(10, Double(digits))
    let rounded = (value * scale).rounded() / scale
    return (rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)) + " %"
}
