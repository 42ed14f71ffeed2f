internal import COpenBLAS

/// What the sums are computed with: our kernels' path, and OpenBLAS's for this CPU. Results are
/// the same to the last bit under one name, and may differ in the last digits between two.
public let arithmeticName: String = {
    let kernels = Kernels.name
    return unsafe "\(kernels), OpenBLAS \(String(cString: openblas_get_corename()))"
}()
