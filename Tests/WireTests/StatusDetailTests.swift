import Testing

@testable import Wire

struct StatusDetailTests {
    @Test(arguments: [nil, Duration.zero, .milliseconds(1500), .seconds(86_400)])
    func reasonAndTimeComeBack(retryAfter: Duration?) throws {
        let status = Status(
            .resourceExhausted, "the queue is full", reason: "queue_full", retryAfter: retryAfter)
        let read = try #require(try ResponseEnvelope(ResponseEnvelope(status).bytes).status)
        #expect(read == status)
        #expect(read.reason == "queue_full" && read.retryAfter == retryAfter)
        #expect(read.details.count == (retryAfter == nil ? 1 : 2))
    }

    /// The same bytes as Google's own classes make of them.
    @Test func goldenDetails() {
        let status = Status(
            .unavailable, "", reason: "draining", retryAfter: .milliseconds(2500))
        #expect(
            status.details == [
                .init(
                    typeURL: "type.googleapis.com/google.rpc.ErrorInfo",
                    value: [0x0a, 8] + Array("draining".utf8) + [0x12, 5] + Array("voken".utf8)),
                .init(
                    typeURL: "type.googleapis.com/google.rpc.RetryInfo",
                    value: [0x0a, 8, 8, 2, 0x10, 0x80, 0xca, 0xb5, 0xee, 1]),
            ])
    }

    @Test func otherDetailsAreNone() {
        let foreign = Status(
            .internal, "",
            details: [
                .init(typeURL: "t/x", value: [1]),
                // Of another domain, and without one.
                .init(
                    typeURL: "type.googleapis.com/google.rpc.ErrorInfo",
                    value: [0x0a, 1, 0x61, 0x12, 1, 0x62]),
                .init(typeURL: "type.googleapis.com/google.rpc.ErrorInfo", value: [0x0a, 1, 0x61]),
                // Garbage, and a time before this one.
                .init(typeURL: "type.googleapis.com/google.rpc.ErrorInfo", value: [0x0a, 9]),
                .init(typeURL: "type.googleapis.com/google.rpc.RetryInfo", value: [0x0a, 9]),
                .init(
                    typeURL: "type.googleapis.com/google.rpc.RetryInfo",
                    value: [0x0a, 11, 8] + [UInt8](repeating: 0xff, count: 9) + [1]),
            ])
        #expect(foreign.reason == nil && foreign.retryAfter == nil)
        #expect(Status(.internal, "").reason == nil)
    }

    @Test func anyTimeIsRead() {
        // 2^63 - 1 seconds and 2^31 - 1 nanoseconds.
        let delay = [0x0a, 16, 8] + [UInt8](repeating: 0xff, count: 8) + [0x7f, 0x10] as [UInt8]
        let status = Status(
            .internal, "",
            details: [
                .init(
                    typeURL: "type.googleapis.com/google.rpc.RetryInfo",
                    value: delay + [0xff, 0xff, 0xff, 0xff, 7])
            ])
        #expect(status.retryAfter.map { $0 > .seconds(Int64.max - 1) } == true)
    }
}
