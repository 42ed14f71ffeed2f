import Foundation
import Testing

@testable import Tensors

/// What a thread keeps for kernels.
@Suite struct KernelMemoryTests {
    private let most = KernelMemory.mostOfThread / MemoryLayout<Float>.stride

    /// Writes the last of so many floats.
    private func use(_ count: Int) -> UInt {
        unsafe Scratch.withFloats(count) { floats in
            unsafe floats[count - 1] = 1
            return UInt(bitPattern: floats)
        }
    }

    private func inThread(_ body: @escaping @Sendable () -> Void) {
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            body()
            ended.signal()
        }
        ended.wait()
    }

    @Test func itIsKeptUpToABound() {
        inThread {
            let first = use(most)
            #expect(KernelMemory.held.bytes >= KernelMemory.mostOfThread)
            #expect(use(1000) == first)
            #expect(use(most + 1) != first)
            #expect(use(most) == first)
        }
    }

    /// Other tests' threads keep some meanwhile, but not so many.
    @Test func itGoesWithTheThread() {
        let threads = 64
        for _ in 0..<threads { inThread { _ = use(most) } }
        #expect(KernelMemory.held.bytes < threads / 2 * KernelMemory.mostOfThread)
    }
}
