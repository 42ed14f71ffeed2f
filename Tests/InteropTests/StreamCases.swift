import Dispatch
import Synchronization
import Testing
import Wire

/// gRPC's sizes, in bytes.
private let up = [27_182, 8, 1_828, 45_904]
private let down = [31_415, 9, 2_653, 58_979]

extension Caller {
    func clientStreaming() throws {
        let call = try open(TestMethods.streamingInputCall)
        for size in up { call.send(PayloadMessage(count: size)) }
        call.closeInput()
        #expect(try call.reply(Integers.self).first == 74_922)
    }

    private func receive(_ size: Int, _ call: OpenCall) throws {
        let message = try #require(try call.next(PayloadMessage.self))
        #expect(message.payload.body.count == size)
    }

    func serverStreaming() throws {
        var request = OutputRequest()
        request.sizes = down
        let call = try open(TestMethods.streamingOutputCall, request.bytes)
        for size in down { try receive(size, call) }
        #expect(try call.next(Nothing.self) == nil)
    }

    func pingPong() throws {
        let call = try open(TestMethods.fullDuplexCall)
        for (up, down) in zip(up, down) {
            var request = OutputRequest()
            request.sizes = [down]
            request.payload = Payload(count: up)
            call.send(request)
            try receive(down, call)
        }
        call.closeInput()
        #expect(try call.next(Nothing.self) == nil)
    }

    func emptyStream() throws {
        let call = try open(TestMethods.fullDuplexCall)
        call.closeInput()
        #expect(try call.next(Nothing.self) == nil)
    }

    private func failure(_ status: Status) -> OutputRequest {
        var request = OutputRequest()
        request.status = EchoStatus(code: status.code.rawValue, message: status.message)
        return request
    }

    func statusOfAStream() throws {
        let status = Status(.unknown, "test status message")
        let call = try open(TestMethods.fullDuplexCall)
        var request = OutputRequest()
        request.sizes = [9]
        call.send(request)
        try receive(9, call)
        call.send(failure(status))
        #expect(throws: status) { try call.next(Nothing.self) }
    }

    /// What a client says after the server's end reaches no one, and harms no one.
    func serverEndsFirst() throws {
        let status = Status(.aborted, "enough")
        let call = try open(TestMethods.fullDuplexCall)
        call.send(failure(status))
        #expect(throws: status) { try call.next(Nothing.self) }
        call.send(OutputRequest())
        call.closeInput()
        call.cancel()
        try pingPong()
    }

    func unimplementedStream() throws {
        let call = try open(TestMethods.unimplementedStream)
        #expect(throws: Status(.unimplemented, "method UnimplementedStream")) {
            try call.next(Nothing.self)
        }
        try emptyUnary()
    }

    func timeoutOnAStream() throws {
        let call = try open(TestMethods.fullDuplexCall, timeout: .milliseconds(20))
        let error = #expect(throws: Status.self) { try call.next(Nothing.self) }
        #expect(error?.code == .deadlineExceeded)
        try pingPong()
    }

    // MARK: Giving up

    func cancelAfterBegin() throws {
        let call = try open(TestMethods.streamingInputCall)
        call.cancel()
        let error = #expect(throws: Status.self) { try call.reply(Nothing.self) }
        #expect(error?.code == .cancelled)
        try emptyUnary()
    }

    func cancelAfterFirstResponse() throws {
        let call = try open(TestMethods.fullDuplexCall)
        var request = OutputRequest()
        request.sizes = [31_415]
        call.send(request)
        try receive(31_415, call)
        call.cancel()
        let error = #expect(throws: Status.self) { try call.next(Nothing.self) }
        #expect(error?.code == .cancelled)
        try pingPong()
    }

    /// Streams that run at once, each in its order, while calls go on beside them.
    func manyStreams() throws {
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 32) { index in
            do {
                try index % 2 == 0 ? pingPong() : echoStream()
                try unary(up: 271_828, down: 314_159)
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
    }

    func oversizeResponseOfAStream() throws {
        var request = OutputRequest()
        request.sizes = [9, Frame.maximumCount]
        let call = try open(TestMethods.streamingOutputCall, request.bytes)
        try receive(9, call)
        let error = #expect(throws: Status.self) { try call.next(Nothing.self) }
        #expect(error?.code == .resourceExhausted)
        try emptyUnary()
    }
}
