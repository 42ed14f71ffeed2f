import Dispatch
import EventLoop
import Foundation
import Synchronization
import Wire

/// Serves the test services over the product's own wire and loop.
final class TestServer: Sendable {
    let path: String
    private let loop: Loop
    /// Signalled at each call that a client gives up, or whose connection ends before it.
    let aborts = DispatchSemaphore(value: 0)

    init() throws {
        path = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))/s"
        let loop = try Loop()
        self.loop = loop
        try loop.sync { [path, aborts] () throws(EventLoopError) in
            _ = try PipeListener(path: path, loop: loop) { connection, _ in
                TestSession(connection, loop: loop) { aborts.signal() }.start()
            }
        }
    }

    deinit {
        loop.stopAndWait()
        try? FileManager.default.removeItem(atPath: String(path.dropLast(2)))
    }
}

/// One connection of a ``TestServer``, on the loop's thread.
private final class TestSession {
    private let connection: PipeConnection
    private let loop: Loop
    private let onAbort: () -> Void
    private var calls: ServerConnection
    private var methods: [UInt32: Wire.Method] = [:]
    private var timers: [UInt32: EventLoop.Timer] = [:]
    /// What the calls that stream their input have come to.
    private var sums: [UInt32: Integers] = [:]

    init(_ connection: PipeConnection, loop: Loop, onAbort: @escaping () -> Void) {
        self.connection = connection
        self.loop = loop
        self.onAbort = onAbort
        var limits = ServerConnection.Limits()
        limits.activeStreams = 1024
        calls = ServerConnection(methods: TestMethods.all, limits: limits)
    }

    func start() {
        // Lives until the connection is closed, which drops its callbacks.
        connection.onRead = { [self] bytes in
            calls.receive(bytes)
            while let event = calls.nextEvent() {
                do {
                    try handle(event)
                } catch {
                    Swift.fatalError("a test sends what is no message: \(error)")
                }
            }
            settle()
        }
        connection.onClose = { [self] _ in
            for timer in timers.values { timer.close() }
            for _ in methods { onAbort() }
        }
        connection.start()
    }

    private func settle() { connection.write(calls.drainOutput()) }

    private func handle(_ event: ServerConnection.Event) throws {
        switch event {
        case .call(let call):
            methods[call.stream] = Method(call.service, call.method, call.shape)
            if let timeout = call.timeout {
                after(timeout, call.stream) { $0.fail(call.stream, .tooLate) }
            }
            try begin(call)
        case .message(let stream, let bytes):
            guard let method = methods[stream] else { return }
            try receive(bytes, method, stream)
        case .inputEnded(let stream):
            guard let method = methods[stream] else { return }
            inputEnded(method, stream)
        case .aborted(let stream):
            forget(stream)
            onAbort()
        }
    }

    private func after(
        _ delay: Duration, _ stream: UInt32, _ end: @escaping (TestSession) -> Void
    ) {
        timers.removeValue(forKey: stream)?.close()
        let timer = Timer(loop: loop)
        timers[stream] = timer
        timer.start(after: delay) { [unowned self] in
            end(self)
            settle()
        }
    }

    private func forget(_ stream: UInt32) {
        methods[stream] = nil
        sums[stream] = nil
        timers.removeValue(forKey: stream)?.close()
    }

    // MARK: Ends of calls

    private func reply(_ message: some TestMessage, to stream: UInt32) {
        calls.reply(message.bytes, to: stream)
        forget(stream)
    }

    private func finish(_ stream: UInt32) {
        calls.finish(stream)
        forget(stream)
    }

    private func fail(_ stream: UInt32, _ status: Wire.Status) {
        calls.fail(stream, status)
        forget(stream)
    }
}

extension Status {
    fileprivate static let tooLate = Status(.deadlineExceeded, "context deadline exceeded")
}

// MARK: - Methods

extension TestSession {
    private func begin(_ call: Call) throws {
        let stream = call.stream
        switch methods[stream] {
        case TestMethods.emptyCall: reply(Nothing(), to: stream)
        case TestMethods.unaryCall:
            let request = try SimpleRequest(call.payload)
            if let status = Status(request.status) {
                fail(stream, status)
            } else {
                reply(PayloadMessage(count: request.responseSize), to: stream)
            }
        case TestMethods.streamingOutputCall:
            if send(try OutputRequest(call.payload), stream) { finish(stream) }
        case TestMethods.echo:
            var message = try EchoPayload(call.payload)
            message.seq += 1
            reply(message, to: stream)
        case TestMethods.divideStream:
            divide(try Integers(call.payload), stream)
        case TestMethods.emptyPayloadStream:
            for seq in 1...2 as ClosedRange<UInt64> {
                var message = EchoPayload()
                message.seq = seq
                calls.send(message.bytes, on: stream)
            }
            finish(stream)
        case TestMethods.sleep:
            let delay = Duration.milliseconds(Int(try Integers(call.payload).first))
            if call.timeout ?? .seconds(1 << 20) > delay {
                after(delay, stream) { $0.reply(Nothing(), to: stream) }
            }
        case TestMethods.listMetadata:
            let key = try Texts(call.payload).texts.first
            var list = Texts()
            list.texts = call.metadata.filter { $0.key == key }.map(\.value)
            reply(list, to: stream)
        default: sums[stream] = Integers()
        }
    }

    private func receive(_ bytes: [UInt8], _ method: Wire.Method, _ stream: UInt32) throws {
        let (first, second) = (sums[stream]?.first ?? 0, sums[stream]?.second ?? 0)
        switch method {
        case TestMethods.streamingInputCall:
            let count = try PayloadMessage(bytes).payload.body.count
            sums[stream] = Integers(first + Int32(count))
        case TestMethods.fullDuplexCall: _ = send(try OutputRequest(bytes), stream)
        case TestMethods.echoStream:
            var message = try EchoPayload(bytes)
            message.seq += 1
            calls.send(message.bytes, on: stream)
        case TestMethods.sumStream:
            sums[stream] = Integers(first + (try Integers(bytes).first), second + 1)
        default:  // EchoNull and EchoNullStream
            let message = try EchoPayload(bytes)
            guard message.seq == first, message.message == "non-empty empty" else {
                let status = Status(.invalidArgument, "message \(first) is \(message)")
                return fail(stream, status)
            }
            sums[stream] = Integers(first + 1)
            guard method == TestMethods.echoNullStream else { return }
            for _ in 0..<10 { calls.send([], on: stream) }
        }
    }

    private func inputEnded(_ method: Wire.Method, _ stream: UInt32) {
        let sum = sums[stream] ?? Integers()
        switch method {
        case TestMethods.streamingInputCall, TestMethods.sumStream: reply(sum, to: stream)
        case TestMethods.echoNull: reply(Nothing(), to: stream)
        default: finish(stream)
        }
    }

    /// - Returns: whether the call goes on.
    private func send(_ request: OutputRequest, _ stream: UInt32) -> Bool {
        if let status = Status(request.status) {
            fail(stream, status)
            return false
        }
        for size in request.sizes {
            guard calls.send(PayloadMessage(count: size).bytes, on: stream) else {
                forget(stream)
                return false
            }
        }
        return true
    }

    /// Halves, then what is left; the last parts may be empty messages.
    private func divide(_ sum: Integers, _ stream: UInt32) {
        var left = sum.first
        for index in 0..<sum.second {
            let part = index == sum.second - 1 ? left : (left + 1) / 2
            left -= part
            calls.send(Integers(part).bytes, on: stream)
        }
        finish(stream)
    }
}

extension Status {
    /// `nil` if the call is not to fail.
    fileprivate init?(_ wanted: EchoStatus) {
        guard wanted.code != 0 else { return nil }
        self.init(Code(rawValue: wanted.code), wanted.message)
    }
}
