import Glibc

/// The noise levels of one run against its calls, on a scale of logarithms.
///
/// Only characters and no colour, so that it looks the same in a file. Panels that are drawn by
/// the same bounds can be compared.
struct SigmaPanel {
    let title: String
    /// Of each call, and then where the last step ends.
    let levels: [Double]

    /// The smallest and the largest level that a logarithm can show.
    static func bounds(of panels: [SigmaPanel]) -> ClosedRange<Double> {
        let shown = panels.flatMap(\.levels).filter { $0 > 0 && $0.isFinite }
        guard let least = shown.min(), let most = shown.max() else { return 0.1...10 }
        return least < most ? least...most : least / 2...most * 2
    }

    /// - Parameters:
    ///   - bounds: of the vertical axis; levels outside are drawn at its ends.
    ///   - width: of the terminal.
    ///   - height: of the curve, in lines.
    func text(_ bounds: ClosedRange<Double>, width: Int, height: Int) -> String {
        let middle = exp((log(bounds.lowerBound) + log(bounds.upperBound)) / 2)
        let labels = [bounds.upperBound, middle, bounds.lowerBound].map { short($0) }
        let margin = labels.map(\.count).max() ?? 0
        let curve = curve(bounds, width: width - margin - 3, height: height)
        var lines = [title]
        for (row, dots) in curve.rows.enumerated() {
            let label =
                switch row {
                case 0: labels[0]
                case (height - 1) / 2: labels[1]
                case height - 1: labels[2]
                default: ""
                }
            let isLabelled = !label.isEmpty
            lines.append(
                String(repeating: " ", count: margin - label.count) + label
                    + (isLabelled ? " ┤" : " │") + dots)
        }
        let (first, last) = ("0", "\(levels.count - 1)")
        let rule = String(repeating: "─", count: curve.width)
        lines.append(String(repeating: " ", count: margin) + " └" + rule)
        lines.append(
            String(repeating: " ", count: margin + 2) + first
                + String(repeating: " ", count: max(1, curve.width - first.count - last.count))
                + last)
        return lines.joined(separator: "\n") + "\n"
    }

    private func curve(_ bounds: ClosedRange<Double>, width: Int, height: Int) -> BrailleCanvas {
        var canvas = BrailleCanvas(width: width, height: height)
        let last = canvas.lastDot
        let (low, high) = (log(bounds.lowerBound), log(bounds.upperBound))
        let dots = levels.enumerated().map { index, level in
            let across = levels.count == 1 ? 0 : Double(index) / Double(levels.count - 1)
            let place = (log(max(level, 1e-300)) - low) / (high - low)
            let up = min(max(place, 0), 1)
            return (
                x: Int((across * Double(last.x)).rounded()),
                y: Int(((1 - up) * Double(last.y)).rounded())
            )
        }
        if dots.count == 1 { canvas.dot(x: dots[0].x, y: dots[0].y) }
        for (start, end) in zip(dots, dots.dropFirst()) { canvas.line(from: start, to: end) }
        return canvas
    }

    /// Three digits.
    private func short(_ number: Double) -> String {
        let decimals = max(0, 2 - Int(log10(number).rounded(.down)))
        let scale = pow(10, Double(min(decimals, 9)))
        let rounded = (number * scale).rounded() / scale
        return rounded >= 100 ? "\(Int(min(rounded, 1e15)))" : "\(rounded)"
    }
}
