import Testing

@testable import Benchmarking

@Suite struct ReportTests {
    private func rates(_ float32: Double, read: Double = 50) -> MachineRates {
        MachineRates(float32: float32, bfloat16: 2 * float32, int8: nil, read: read)
    }

    private func result(
        _ stage: String, _ seconds: Double, spread: Double = 0.01, operations: Double? = 1e9
    ) -> BenchmarkResult {
        BenchmarkResult(
            stage: stage, type: "f32", seconds: seconds, low: seconds * (1 - spread),
            high: seconds * (1 + spread), runs: 9, isStable: true, items: 1, unit: "steps",
            operations: operations, bytes: 1e8, peakOperations: 5e11, peakRead: 5e10,
            peakResident: 3 << 30, minorFaults: 2, majorFaults: 0, takenByOthers: 0,
            before: rates(500), after: rates(500), doubts: [])
    }

    private func report(
        _ results: [BenchmarkResult], rates: MachineRates? = nil, threads: Int = 2
    ) -> BenchmarkReport {
        BenchmarkReport(
            source: "pocket", program: "1", date: "2026-01-02T03:04:05Z", cpu: "a CPU",
            threads: threads, arithmetic: "avx2", rates: rates ?? self.rates(500),
            results: results)
    }

    @Test func ratiosTellWhatGotSlower() {
        let then = report([
            result("unet", 2), result("vae", 1), result("mapper", 1, spread: 0.2),
            result("encode", 1, operations: 2e9), result("decode", 1),
        ])
        let now = report(
            [
                result("unet", 1), result("vae", 1.2), result("mapper", 1.1, spread: 0.2),
                result("encode", 1), result("decode", 1.01),
            ], rates: rates(440, read: 80), threads: 1)
        let comparison = BenchmarkComparison(now, then: then)
        #expect(comparison.rows.map(\.stage) == ["unet", "vae", "mapper", "decode"])
        #expect(comparison.rows.map(\.verdict) == [.faster, .slower, .same, .same])
        #expect(comparison.rows[0].ratio == 2)
        // Of other sizes, so that times say nothing.
        #expect(comparison.unmatched == ["encode in f32"])
        #expect(comparison.remarks.count == 3)
        #expect(comparison.remarks[0] == "another number of threads: 2 then, 1 now")
        #expect(comparison.remarks[1].contains("the clock changed: 500, then 440"))
        #expect(comparison.remarks[2].contains("memory changed: 50, then 80"))
    }

    @Test func sharesAreOfWhatTheMachineGives() {
        let unet = result("unet", 0.01)
        #expect(unet.operationShare == 0.2 && unet.readShare == 0.2)
        let rows = BenchmarkTable.rows([unet])
        #expect(rows[0].count == rows[1].count)
        #expect(
            rows[1] == [
                "unet", "f32", "10.00 ms", "1.0 %", "9", "100 steps/s", "1.00 GFLOP", "100",
                "20 %", "10.0", "20 %", "3.0 GiB", "2.00",
            ])
    }

    @Test(arguments: [
        (0.0, "0.00"), (0.004, "0.00"), (1.234, "1.23"), (9.999, "10.00"), (12.34, "12.3"),
        (123.4, "123"), (1234.5, "1235"), (-2.5, "-2.50"),
    ])
    func threeDigits(value: Double, text: String) {
        #expect(BenchmarkTable.significant(value) == text)
    }

    @Test(arguments: [
        "gemm:2x3x4", "conv:1x2x3x4x5", "attention:1x2x3x4",
    ])
    func kernelsGoByTheirNames(name: String) {
        #expect(BenchmarkKernel(name)?.name == name)
        #expect(BenchmarkKernel(name + "x1") == nil && BenchmarkKernel(name + "x") == nil)
    }

    @Test func kernelsHaveTheirWork() throws {
        let product = try #require(BenchmarkKernel("gemm:2x3x4")).work
        #expect(product.operations == 48 && product.weights == 12)
        let convolution = try #require(BenchmarkKernel("conv:2x8x8x16x32")).work
        #expect(convolution.operations == 2 * 128 * 16 * 32 * 9)
        let attention = try #require(BenchmarkKernel("attention:10x4096x4096x64")).work
        #expect(attention.operations == 4 * 10 * 4096 * 4096 * 64)
    }
}
