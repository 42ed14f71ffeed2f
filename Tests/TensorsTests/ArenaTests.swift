import Foundation
import Testing

@testable import Tensors

struct ArenaTests {
    private let x = Tensor([2, 12, 12, 32]) { (x: inout MutableSpan<Float>) in
        for index in x.indices { x[index] = Float(index % 23) / 23 - 0.4 }
    }
    private let kernel = WinogradWeight(Weight(Tensor([32, 3, 3, 32], repeating: 0.01)))
    private let scale = Tensor([32], repeating: 1)

    /// A resnet and an attention, with tensors of many sizes and lives.
    private func step(_ x: Tensor) -> Tensor {
        let h = conv2d(
            silu(groupNorm(x, groups: 4, weight: scale, bias: scale, epsilon: 1e-5)), kernel,
            bias: scale, padding: Padding(1))
        let rows = (x + h).reshaped([2, 144, 32])
        let attended = attention(query: rows, key: rows, value: rows, heads: 2)
        return concatenate([attended, softmax(rows)], axis: 1)
    }

    @Test func aDryRunSaysHowMuchAStepTakes() {
        let plan = StepPlan { _ = step(Tensor(shapeOnly: x.shape)) }
        let expected = step(x)
        let arena = Arena()
        for _ in 0..<3 {
            let result = arena.run(plan) { step(x).copiedOutOfStep() }
            #expect(result.values == expected.values)
        }
        let counts = arena.counts
        #expect(counts.overflows == 0 && counts.leftBehind == 0 && counts.reservations == 1)
        #expect(counts.placed >= 3 * plan.tensors)
        #expect(plan.peak <= plan.byteCount && plan.byteCount <= 2 * plan.peak)
        // At least the result, and what it is made of.
        #expect(plan.peak >= 4 * (expected.count + 2 * x.count))
    }

    @Test func whatFindsNoRoomGetsMemoryOfItsOwnAndRoomTheNextTime() {
        let plan = StepPlan { _ = Tensor(shapeOnly: [1]) + Tensor(shapeOnly: [1]) }
        let arena = Arena()
        let size = 1 << 20  // More than one huge page.
        let large = Tensor([size], repeating: 1)
        for count in [1, 1] {
            let sum = arena.run(plan) { (large + large).copiedOutOfStep() }
            #expect(sum.values.allSatisfy { $0 == 2 })
            #expect(arena.counts.overflows == count)
        }
        #expect(arena.counts.placed == 1 && arena.counts.byteCount >= 4 * size)
    }

    @Test func whatOutlivesAStepKeepsItsNumbers() {
        let arena = Arena()
        let plan = StepPlan { _ = step(Tensor(shapeOnly: x.shape)) }
        let left = arena.run(plan) { step(x) }
        let values = left.values
        let other = x.scaled(by: 3)
        let kept = arena.run(plan) { step(other).copiedOutOfStep() }
        #expect(left.values == values && kept.values != values)
        #expect(arena.counts.leftBehind == 1 && arena.counts.reservations == 2)
        _ = arena.run(plan) { step(other).copiedOutOfStep() }
        #expect(arena.counts.leftBehind == 1 && arena.counts.reservations == 2)
        arena.release()
        #expect(left.values == values && arena.counts.byteCount == 0)
    }

    @Test func rowBuffersAreNotOfTheStep() {
        let arena = Arena()
        let plan = StepPlan { _ = RowBuffer(width: 4, block: 2) }
        #expect(plan.byteCount == 0 && plan.tensors == 0)
        let buffer = RowBuffer(width: 4, block: 2)
        for step in 1...3 {
            arena.run(plan) { buffer.append(Tensor([2, 4], repeating: Float(step))) }
        }
        #expect(buffer.rows.values == [1, 2, 3].flatMap { [Float](repeating: $0, count: 8) })
        #expect(arena.counts.leftBehind == 0)
    }

    @Test func aDryRunTakesNoMemory() {
        let account = MemoryAccount()
        let huge: Shape = [1, 1 << 15, 1 << 15, 32]  // 128 GiB.
        MemoryAccount.charging(account) {
            DryRun.perform {
                let x = Tensor(huge, repeating: 1) + Tensor(huge, repeating: 2)
                #expect(x.shape == huge && DryRun.isRunning)
                let row = x.withSpan { $0[1 << 34] }
                #expect(row == 0)
                let weight = Weight(Tensor([1 << 10, 1 << 10, 3, 3], repeating: 1))
                    .channelsInnermost()
                #expect(WinogradWeight(weight).channels == 1 << 10)
            }
        }
        #expect(!DryRun.isRunning)
        #expect(account.tensors.bytes == 0 && account.tensors.peak == 2 * 4 * huge.count)
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #expect(usage.ru_maxrss < 8 << 20)
    }

    @Test func whatIsOverGivesItsMemoryToWhatComes() {
        let expected = [silu(x), x + x, x.scaled(by: 2)].map(\.values)
        let account = MemoryAccount()
        MemoryAccount.charging(account) {
            var y = x.scaled(by: 1)
            y = silu(consume y)
            #expect(y.values == expected[0])
            let shared = y
            let z = silu(y)
            #expect(shared.values == expected[0] && z.values != expected[0])
            #expect(account.tensors.peak == 2 * 4 * x.count)
            #expect((x + x.scaled(by: 1)).values == expected[1])
            #expect((x.scaled(by: 4) - x.scaled(by: 2)).values == expected[2])
            withExtendedLifetime((shared, z)) {}
        }
        // Of rows that a buffer holds, only a part of the memory is the tensor's.
        let buffer = RowBuffer(width: 2, block: 8)
        buffer.append(Tensor([1, 2], [1, 2]))
        #expect(buffer.rows.scaled(by: 3).values == [3, 6] && buffer.rows.values == [1, 2])
    }

    /// Against a map of lines, over many random lives.
    @Test func placesNeverOverlap() {
        var layout = ArenaLayout(capacity: 400)
        var generator = TorchGenerator(seed: 7)
        var owners = [Int](repeating: 0, count: 400)
        var live: [(first: Int, count: Int, name: Int)] = []
        var refused = 0
        for name in 1...4000 {
            let numbers = [generator.uniform(), generator.uniform()]
            if numbers[0] < 0.45, !live.isEmpty {
                let place = live.remove(at: Int(numbers[1] * Float(live.count)))
                let lines = place.first..<place.first + place.count
                #expect(lines.allSatisfy { owners[$0] == place.name })
                for line in lines { owners[line] = 0 }
                layout.give(place.first, place.count)
                continue
            }
            let count = 1 + Int(numbers[1] * 30)
            guard let first = layout.take(count) else {
                refused += 1
                // Only if there is no such run of free lines.
                let runs = owners.split { $0 != 0 }.map(\.count)
                #expect(runs.allSatisfy { $0 < count })
                continue
            }
            #expect(owners[first..<first + count].allSatisfy { $0 == 0 })
            for line in first..<first + count { owners[line] = name }
            live.append((first, count, name))
        }
        #expect(refused > 10 && layout.extent > 300)
        for place in live { layout.give(place.first, place.count) }
        #expect(layout.taken == 0 && layout.take(400) == 0)
    }
}
