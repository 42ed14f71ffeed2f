import Glibc

/// The shortest time of one call, in seconds, of as many as fit into `budget` seconds and at
/// least five. Other work on the machine only ever adds time, so the shortest says most about
/// the code.
func fastest(budget: Double = 0.3, _ body: () -> Void) -> Double {
    body()
    let clock = ContinuousClock()
    var best = Double.infinity
    var repetitions = 0
    let end = clock.now + .seconds(budget)
    while clock.now < end || repetitions < 5 {
        best = min(best, clock.measure(body) / .seconds(1))
        repetitions += 1
    }
    return best
}

/// `text` filled up with spaces; numbers are set to the right.
func column(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 0))
}

func column(_ number: Double, digits: Int, _ width: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let whole = Int((number * scale).rounded())
    var text = String(whole)
    if digits > 0 {
        while text.count <= digits { text = "0" + text }
        text.insert(".", at: text.index(text.endIndex, offsetBy: -digits))
    }
    return String(repeating: " ", count: max(width - text.count, 0)) + text
}
