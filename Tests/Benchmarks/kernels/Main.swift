import Glibc
import Tensors

/// `kernels [THREADS [WORD]]`: with a word, only the cases whose names contain it.
///
/// Prints what the operations reach on this machine: products as a share of `sgemm`'s peak,
/// which travels between machines better than times do, and the rest in bytes a second.
@main
enum Main {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let online = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let threads = max(arguments.first.flatMap { Int($0) } ?? online, 1)
        let word = arguments.dropFirst().first ?? ""
        ThreadPool.configure(threads: threads)
        let peak = peak(threads: threads)
        print("\(threads) threads, sgemm peak \(column(peak, digits: 0, 0)) GFLOP/s")
        print(column("", 52) + "      µs  GFLOP/s  of peak")
        for item in products() where word.isEmpty || item.name.contains(word) {
            let time = fastest(item.run)
            let rate = Double(item.operations) / time / 1e9
            print(
                column(item.name, 52) + column(time * 1e6, digits: 0, 8)
                    + column(rate, digits: 1, 9) + column(100 * rate / peak, digits: 0, 8) + "%")
        }
        let rate = readRate(threads: threads)
        print(column("", 52) + "      µs     GB/s, of \(column(rate / 1e9, digits: 1, 0)) read")
        for item in reading() where word.isEmpty || item.name.contains(word) {
            let time = fastest(item.run)
            print(
                column(item.name, 52) + column(time * 1e6, digits: 0, 8)
                    + column(Double(item.bytes) / time / 1e9, digits: 1, 9))
        }
    }
}
