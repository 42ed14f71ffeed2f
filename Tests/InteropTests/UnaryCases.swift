import Dispatch
import Synchronization
import Testing
import Wire

extension Caller {
    func emptyUnary() throws {
        let _: Nothing = try call(TestMethods.emptyCall, Nothing())
    }

    func unary(up: Int, down: Int) throws {
        var request = SimpleRequest()
        request.responseSize = down
        request.payload = Payload(count: up)
        let response: PayloadMessage = try call(TestMethods.unaryCall, request)
        #expect(response.payload.body.count == down)
    }

    func concurrentLargeUnary() throws {
        let failures = Mutex<[String]>([])
        let workers = 16
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            do {
                for _ in 0..<(1000 / workers) { try unary(up: 271_828, down: 314_159) }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
    }

    func echo() throws {
        var message = EchoPayload()
        message.seq = 7
        message.message = "über"
        let answer: EchoPayload = try call(TestMethods.echo, message)
        message.seq = 8
        #expect(answer == message)
    }

    // MARK: Statuses

    private func failing(_ code: Int32, _ message: String) throws {
        var request = SimpleRequest()
        request.status = EchoStatus(code: code, message: message)
        let expected = Status(Status.Code(rawValue: code), message)
        #expect(throws: expected) {
            let _: PayloadMessage = try call(TestMethods.unaryCall, request)
        }
    }

    func statusCodeAndMessage() throws {
        for code in 1...16 as ClosedRange<Int32> { try failing(code, "test status message") }
        try failing(999, "of no code that there is")
    }

    func specialStatusMessage() throws {
        try failing(2, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n")
    }

    func unimplementedMethod() throws {
        #expect(throws: Status(.unimplemented, "method UnimplementedCall")) {
            let _: Nothing = try call(TestMethods.unimplementedCall, Nothing())
        }
        try emptyUnary()
    }

    func unimplementedService() throws {
        #expect(throws: Status(.unimplemented, "service grpc.testing.UnimplementedService")) {
            let _: Nothing = try call(TestMethods.unimplementedService, Nothing())
        }
    }

    // MARK: Time

    /// Whichever of the two ends gives up first; a late answer does not disturb what follows.
    func timeoutOnSleepingServer() throws {
        let error = #expect(throws: Status.self) {
            let _: Nothing = try call(
                TestMethods.sleep, Integers(30_000), timeout: .milliseconds(20))
        }
        #expect(error?.code == .deadlineExceeded)
        try emptyUnary()
    }

    func deadlineThatIsKept() throws {
        let _: Nothing = try call(TestMethods.sleep, Integers(1), timeout: .seconds(600))
    }

    func cancelOfAUnaryCall() throws {
        let open = try open(TestMethods.sleep, Integers(100).bytes)
        open.cancel()
        let error = #expect(throws: Status.self) { try open.reply(Nothing.self) }
        #expect(error?.code == .cancelled)
        // Its late answer comes before this one.
        let _: Nothing = try call(TestMethods.sleep, Integers(200))
        try emptyUnary()
    }

    func customMetadata() throws {
        var key = Texts()
        key.texts = ["x-voken-test"]
        let values: Texts = try call(
            TestMethods.listMetadata, key,
            metadata: [
                Metadata(key: "x-voken-test", value: "first"), Metadata(key: "other", value: "x"),
                Metadata(key: "X-Voken-Test", value: "zweitens ☺"),
            ])
        #expect(values.texts == ["first", "zweitens ☺"])
    }

    // MARK: Size

    func oversizeRequest() throws {
        let error = #expect(throws: WireError.self) {
            try unary(up: Frame.maximumCount, down: 1)
        }
        #expect(error?.code == .tooLarge)
        try emptyUnary()
    }

    func oversizeResponse() throws {
        let error = #expect(throws: Status.self) { try unary(up: 1, down: Frame.maximumCount) }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message.contains("exceed maximum message size of 4194304") == true)
        try emptyUnary()
    }

    func largestRequestAndResponse() throws {
        try unary(up: Frame.maximumCount - 200, down: Frame.maximumCount - 200)
    }
}
