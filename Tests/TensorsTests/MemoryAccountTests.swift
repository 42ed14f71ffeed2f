import Foundation
import Testing

@testable import Tensors

struct MemoryAccountTests {
    private struct Failure: Error, Equatable {}

    let account = MemoryAccount()

    @Test func countsWhatIsHeldAndTheMost() {
        MemoryAccount.charging(account) {
            let kept = Tensor([10, 25], repeating: 1)
            let sum = kept + kept
            #expect(account.tensors.bytes == 2000)
            withExtendedLifetime((kept, sum)) {}
        }
        #expect(account.tensors.bytes == 0)
        let again = MemoryAccount.charging(account) { Tensor([30], repeating: 1) }
        withExtendedLifetime([again, again.reshaped([5, 6])]) {
            #expect(account.tensors.bytes == 120)
        }
        #expect(account.tensors.peak == 2000)
        #expect(account.caches.peak == 0)
    }

    @Test func takesBackWhateverAccountIsCurrent() {
        let other = MemoryAccount()
        var tensors = MemoryAccount.charging(account) { [Tensor([100], repeating: 0)] }
        #expect(account.tensors.bytes == 400)
        MemoryAccount.charging(other) { tensors = [] }
        #expect(tensors.isEmpty)
        #expect((account.tensors.bytes, account.tensors.peak) == (0, 400))
        #expect((other.tensors.bytes, other.tensors.peak) == (0, 0))
    }

    @Test func chargesNobodyWithoutAnAccount() {
        let kept = Tensor([100], repeating: 0)
        MemoryAccount.charging(account) {
            MemoryAccount.charging(nil) { #expect((kept + kept).count == 100) }
        }
        #expect(account.tensors.peak == 0)
    }

    @Test func nests() {
        let inner = MemoryAccount()
        let tensors = MemoryAccount.charging(account) {
            [
                Tensor([1], repeating: 0),
                MemoryAccount.charging(inner) { Tensor([10], repeating: 0) },
                Tensor([100], repeating: 0),
            ]
        }
        withExtendedLifetime(tensors) {
            #expect(account.tensors.bytes == 404)
            #expect(inner.tensors.bytes == 40)
        }
        #expect(MemoryAccount.current == nil)
    }

    /// An error leaves with its type.
    @Test func restoresAfterAnError() {
        let inner = MemoryAccount()
        MemoryAccount.charging(account) {
            do throws(Failure) {
                try MemoryAccount.charging(inner) { () throws(Failure) in
                    #expect(Tensor([3], repeating: 0).count == 3)
                    throw Failure()
                }
            } catch { #expect(error == Failure()) }
            #expect(Tensor([5], repeating: 0).count == 5)
        }
        #expect((account.tensors.bytes, account.tensors.peak) == (0, 20))
        #expect((inner.tensors.bytes, inner.tensors.peak) == (0, 12))
    }

    @Test func countsWeightsThatAreNotReadInPlace() {
        var weights = MemoryAccount.charging(account) {
            let weight = Weight(Tensor([2, 3, 2, 2], repeating: 1), format: .float16)
            return [
                weight, weight.channelsInnermost(), weight.reshaped([6, 4]),
                Weight([3], format: .bfloat16) { bytes in
                    for (index, bits) in [0x3f80, 0xc000, 0].enumerated() {
                        bytes.storeBytes(
                            of: UInt16(bits), toByteOffset: 2 * index, as: UInt16.self)
                    }
                },
            ]
        }
        #expect(account.tensors.bytes == 48 + 48 + 6)
        #expect(account.tensors.peak == 96 + 48)
        #expect(weights.last?.tensor().values == [1, -2, 0])
        weights = []
        #expect(weights.isEmpty && account.tensors.bytes == 0)
    }

    @Test func countsRowBuffersAsCaches() {
        let rows = Tensor([5, 3], repeating: 1)
        let eightRows = 8 * 3 * 4
        MemoryAccount.charging(account) {
            let buffer = RowBuffer(width: 3, block: 4)
            buffer.append(rows)
            #expect(account.caches.bytes == eightRows)
            let read = buffer.rows
            #expect(account.caches.bytes == eightRows)
            // A tensor keeps the memory that it was read from beside the buffer's new one.
            buffer.truncate(to: 2)
            buffer.append(rows)
            #expect(account.caches.bytes == 2 * eightRows)
            withExtendedLifetime((buffer, read)) {}
        }
        #expect((account.caches.bytes, account.caches.peak) == (0, 2 * eightRows))
        #expect(account.tensors.peak == 0)
    }

    /// On a thread that has no scratch memory yet, a product that converts its weight and one that
    /// gathers its rows leave nothing but their results.
    @Test func chargesNobodyForScratch() {
        let (x, image) = (Tensor([4, 64], repeating: 1), Tensor([1, 6, 6, 8], repeating: 1))
        let matrix = Weight(Tensor([32, 64], repeating: 0.5), format: .float16)
        let kernel = Weight(Tensor([4, 3, 3, 8], repeating: 1))
        onThreads(1) { [account] _ in
            MemoryAccount.charging(account) {
                #expect(linear(x, matrix).values.allSatisfy { $0 == 32 })
                #expect(conv2d(image, kernel, bias: nil).values.allSatisfy { $0 == 72 })
            }
        }
        #expect((account.tensors.bytes, account.tensors.peak) == (0, 4 * 32 * 4))
    }

    @Test func threadsHaveAccountsOfTheirOwn() {
        let accounts = [MemoryAccount(), MemoryAccount()]
        onThreads(2) { [account] index in
            MemoryAccount.charging(accounts[index]) {
                var isExact = true
                for count in 1...1000 {
                    let own = Tensor([count + index * 1000], repeating: 0)
                    let shared = MemoryAccount.charging(account) { Tensor([count], repeating: 0) }
                    withExtendedLifetime((own, shared)) {
                        isExact =
                            isExact && accounts[index].tensors.bytes == own.count * 4
                            && account.tensors.bytes >= count * 4
                    }
                }
                #expect(isExact)
            }
        }
        #expect(accounts.map(\.tensors.peak) == [4000, 8000])
        #expect(accounts.map(\.tensors.bytes) == [0, 0])
        #expect(account.tensors.bytes == 0)
        #expect((4000...8000).contains(account.tensors.peak))
    }
}

/// Calls `body` with every index, each on a new thread, all at once.
private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let done = DispatchSemaphore(value: 0)
    for index in 0..<count {
        Thread {
            body(index)
            done.signal()
        }.start()
    }
    for _ in 0..<count { done.wait() }
}
