import Tensors
import Testing

@Suite struct RowBufferTests {
    @Test func holdsWhatWasAppended() {
        let buffer = RowBuffer(width: 3, block: 4)
        #expect(buffer.rows.shape == [0, 3])
        for row in 0..<11 { buffer.append(rows(row..<row + 1)) }
        buffer.append(rows(11..<20))
        #expect(buffer.count == 20)
        #expect(buffer.rows.values == rows(0..<20).values)
    }

    /// A tensor is immutable, whatever becomes of the buffer that it was read from.
    @Test func leavesTensorsAsTheyWere() {
        let buffer = RowBuffer(width: 3, block: 100)
        buffer.append(rows(0..<5))
        let five = buffer.rows
        buffer.append(rows(5..<7))
        #expect(five.values == rows(0..<5).values)

        buffer.truncate(to: 2)
        buffer.append(rows(40..<42))
        #expect(buffer.rows.values == rows(0..<2).values + rows(40..<42).values)
        #expect(five.values == rows(0..<5).values)

        let four = buffer.rows
        buffer.truncate(to: 3)
        buffer.append(rows(50..<51))
        #expect(four.values == rows(0..<2).values + rows(40..<42).values)
        #expect(buffer.rows.values.suffix(3) == rows(50..<51).values[...])
    }

    /// Rows of distinct numbers.
    @Test func copiesRowsForOthers() {
        let account = MemoryAccount()
        MemoryAccount.charging(account) {
            let buffer = RowBuffer(width: 3, block: 4)
            buffer.append(rows(0..<5))
            let before = account.caches.bytes
            let copy = buffer.copy(1..<4)
            #expect(account.caches.bytes == before + 3 * 3 * 4)
            buffer.truncate(to: 0)
            buffer.append(rows(7..<12))
            #expect(copy.shape == [3, 3] && copy.values == rows(1..<4).values)
            let kept = copy.kept()
            #expect(kept.values == copy.values && account.caches.bytes == before + 2 * 3 * 3 * 4)
        }
    }

    private func rows(_ range: Range<Int>) -> Tensor {
        Tensor([range.count, 3], range.flatMap { [Float($0), Float($0) + 0.25, -Float($0)] })
    }
}
