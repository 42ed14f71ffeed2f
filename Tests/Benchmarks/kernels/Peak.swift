import CBLAS
import Tensors

/// GFLOP/s of OpenBLAS's `sgemm` on square matrices, a product of its own on each thread: what
/// the machine gives to matrix products.
func peak(threads: Int) -> Double {
    let size = 384
    openblas_set_num_threads(1)
    let a = [Float](repeating: 0.5, count: size * size)
    let results = (0..<threads).map { _ in Result(count: size * size) }
    let time = fastest(budget: 1) {
        ThreadPool.run(threads) { index in
            let n = blasint(size)
            let c = results[index]
            unsafe a.withUnsafeBufferPointer { a in
                unsafe cblas_sgemm(
                    CblasRowMajor, CblasNoTrans, CblasTrans, n, n, n, 1, a.baseAddress, n,
                    a.baseAddress, n, 0, c.elements, n)
            }
        }
    }
    return Double(threads) * 2 * Double(size * size * size) / time / 1e9
}

/// `@unchecked Sendable`: each result is written by one thread at a time.
@safe private final class Result: @unchecked Sendable {
    let elements: UnsafeMutablePointer<Float>

    init(count: Int) { unsafe elements = .allocate(capacity: count) }

    deinit { unsafe elements.deallocate() }
}
