import BenchmarkSupport
import Wire

/// A swap that must be refused, with the code that says why.
struct BadCase {
    /// The daemon that it is asked of.
    enum Host { case plain, allowing, stranger }

    let name: String
    let code: String
    var host = Host.plain
    /// In ways of doing it.
    var ways = 1
    /// The probe's time has to run out.
    var isSlow = false
    /// Makes the files of the swap; the number says which way.
    let prepare: (_ number: Int) throws -> SwapRequest
    var observe: (_ number: Int, SwapEvent) -> Void = { _, _ in }
}
