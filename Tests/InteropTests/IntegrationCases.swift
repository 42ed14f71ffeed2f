import Testing
import Wire

/// What Go's ttrpc tests its own streams with.
extension Caller {
    func echoStream() throws {
        let call = try open(TestMethods.echoStream)
        for seq in stride(from: 0, to: 100, by: 2) as StrideTo<UInt64> {
            var message = EchoPayload(seq: seq, message: "\(seq)")
            call.send(message)
            message.seq += 1
            #expect(try call.next() == message)
        }
        call.closeInput()
        #expect(try call.next(Nothing.self) == nil)
    }

    /// The first and the last are empty messages.
    func sumStream() throws {
        let call = try open(TestMethods.sumStream)
        let parts = Array(0..<201 as Range<Int32>) + [0]
        for part in parts { call.send(Integers(part)) }
        call.closeInput()
        #expect(try call.reply() == Integers(parts.reduce(0, +), Int32(parts.count)))
    }

    func divideStream() throws {
        let call = try open(TestMethods.divideStream, Integers(392, 30).bytes)
        var parts: [Int32] = []
        while let part = try call.next(Integers.self) { parts.append(part.first) }
        #expect(parts.count == 30 && parts.reduce(0, +) == 392)
        #expect(parts.contains(0), "empty messages arrive too")
    }

    private func sendNulls(_ call: OpenCall) {
        for seq in 0..<100 as Range<UInt64> {
            call.send(EchoPayload(seq: seq, message: "non-empty empty"))
        }
        call.closeInput()
    }

    func echoNull() throws {
        let call = try open(TestMethods.echoNull)
        sendNulls(call)
        #expect(try call.reply() == Nothing())
    }

    func echoNullStream() throws {
        let call = try open(TestMethods.echoNullStream)
        sendNulls(call)
        var count = 0
        while try call.next(Nothing.self) != nil { count += 1 }
        #expect(count == 1000)
    }

    func emptyPayloadStream() throws {
        let call = try open(TestMethods.emptyPayloadStream, Nothing().bytes)
        #expect(try call.next() == EchoPayload(seq: 1))
        #expect(try call.next() == EchoPayload(seq: 2))
        #expect(try call.next(Nothing.self) == nil)
    }
}
