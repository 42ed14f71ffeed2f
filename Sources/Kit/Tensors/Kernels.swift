internal import CKernels
internal import COpenBLAS

/// The inner loops, and the product of OpenBLAS that ours are tested against.
enum Kernels {
    /// The loops for this CPU; chosen once.
    static let table: voken_kernels = unsafe voken_kernels().pointee

    /// Tells OpenBLAS to keep to the calling thread. The threads are ours (``ThreadPool``); two
    /// layers of them would fight for the same cores.
    private static let oneThread: Void = openblas_set_num_threads(1)

    /// Which kernels run: `avx512`, `avx2` or `portable`.
    static var name: String { unsafe String(cString: table.name) }

    /// `c += a · bᵀ` in place, with `a` of `[rows, depth]`, `b` of `[columns, depth]` and `c` of
    /// `[rows, columns]`, each with a stride between rows.
    ///
    /// No operation uses it: which of its loops a row meets depends on how many rows there are, and
    /// with the loop the last bits change.
    static func multiplyAdd(
        _ a: UnsafePointer<Float>, stride strideA: Int, byTransposed b: UnsafePointer<Float>,
        stride strideB: Int, into c: UnsafeMutablePointer<Float>, stride strideC: Int, rows: Int,
        columns: Int, depth: Int
    ) {
        _ = oneThread
        unsafe cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, blasint(rows), blasint(columns),
            blasint(depth), 1, a, blasint(strideA), b, blasint(strideB), 1, c, blasint(strideC))
    }
}

extension WeightFormat {
    var kernelFormat: voken_format {
        switch self {
        case .float32: VOKEN_FLOAT32
        case .float16: VOKEN_FLOAT16
        case .bfloat16: VOKEN_BFLOAT16
        }
    }
}
