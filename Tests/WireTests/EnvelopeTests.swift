import CProtobufC
import Testing
import Wire

/// The envelopes that Wire reads and writes by hand, against protobuf-c.
struct EnvelopeTests {
    @Test func goldenRequest() throws {
        let request = RequestEnvelope(
            service: "a.B", method: "C", payload: [1, 2], timeout: 300,
            metadata: [Metadata(key: "K", value: "v")])
        let bytes: [UInt8] = [
            0x0a, 3, 0x61, 0x2e, 0x42, 0x12, 1, 0x43, 0x1a, 2, 1, 2, 0x20, 0xac, 2,
            0x2a, 6, 0x0a, 1, 0x6b, 0x12, 1, 0x76,
        ]
        #expect(request.bytes == bytes)
        #expect(try RequestEnvelope(bytes) == request)
        // protobuf-c reads the same.
        let unpacked = unsafe bytes.withUnsafeBufferPointer {
            unsafe ttrpc__request__unpack(nil, $0.count, $0.baseAddress)
        }
        guard let message = unsafe unpacked else {
            Issue.record("protobuf-c does not read it")
            return
        }
        defer { unsafe ttrpc__request__free_unpacked(message, nil) }
        let other = unsafe message.pointee
        #expect(unsafe String(cString: other.service) == "a.B")
        #expect(unsafe String(cString: other.method) == "C")
        #expect(unsafe other.payload.len == 2 && other.payload.data[1] == 2)
        #expect(unsafe other.timeout_nano == 300 && other.n_metadata == 1)
    }

    @Test func negativeTimeoutKeepsItsSign() throws {
        let request = RequestEnvelope(service: "s", method: "m", timeout: -1)
        #expect(try RequestEnvelope(request.bytes).timeout == -1)
    }

    @Test("U6: metadata keeps its order and loses its case")
    func metadataKeepsOrderAndLosesCase() throws {
        // Written by a peer that does not lower the case: "X-A" twice.
        let bytes: [UInt8] = [
            0x2a, 8, 0x0a, 3, 0x58, 0x2d, 0x41, 0x12, 1, 0x31,
            0x2a, 8, 0x0a, 3, 0x58, 0x2d, 0x41, 0x12, 1, 0x32,
        ]
        #expect(
            try RequestEnvelope(bytes).metadata == [
                Metadata(key: "x-a", value: "1"), Metadata(key: "x-a", value: "2"),
            ])
    }

    @Test func metadataIsBounded() {
        let entry = Metadata(key: "k", value: String(repeating: "v", count: 1000))
        let request = RequestEnvelope(
            service: "s", method: "m", metadata: Array(repeating: entry, count: 9))
        #expect(throws: WireError.self) { try RequestEnvelope(request.bytes) }
        let many = RequestEnvelope(
            service: "s", method: "m",
            metadata: Array(repeating: Metadata(key: "", value: ""), count: 1000))
        #expect(throws: WireError.self) { try RequestEnvelope(many.bytes) }
    }

    @Test("F4: success is zero bytes, and Rust's spelling is read")
    func successIsZeroBytesAndRustsSpellingIsRead() throws {
        #expect(ResponseEnvelope(payload: []).bytes == [])
        #expect(try ResponseEnvelope([]) == ResponseEnvelope(payload: []))
        #expect(try ResponseEnvelope([0x0a, 0]) == ResponseEnvelope(payload: []))
        #expect(
            try ResponseEnvelope([0x0a, 2, 8, 0, 0x12, 1, 7]) == ResponseEnvelope(payload: [7]))
    }

    @Test("U3: a status keeps unknown codes and details")
    func statusKeepsUnknownCodesAndDetails() throws {
        let status = Status(
            Status.Code(rawValue: 999), "ü\t\n😀",
            details: [.init(typeURL: "t/x", value: [1, 0, 255]), .init(typeURL: "", value: [])])
        #expect(try ResponseEnvelope(ResponseEnvelope(status).bytes).status == status)
        let negative = Status(Status.Code(rawValue: -3), "")
        #expect(try ResponseEnvelope(ResponseEnvelope(negative).bytes).status == negative)
    }

    @Test func protobufCReadsOurStatus() throws {
        let bytes = ResponseEnvelope(Status(.notFound, "no", details: [])).bytes
        let unpacked = unsafe bytes.withUnsafeBufferPointer {
            unsafe ttrpc__response__unpack(nil, $0.count, $0.baseAddress)
        }
        guard let message = unsafe unpacked else {
            Issue.record("protobuf-c does not read it")
            return
        }
        defer { unsafe ttrpc__response__free_unpacked(message, nil) }
        #expect(unsafe message.pointee.status.pointee.code == 5)
        #expect(unsafe String(cString: message.pointee.status.pointee.message) == "no")
    }

    @Test func unknownFieldsOfEveryWireTypeAreSkipped() throws {
        let unknown: [UInt8] = [
            0x78, 0xff, 0x01,  // 15: varint
            0x79, 1, 2, 3, 4, 5, 6, 7, 8,  // 15: 64 bits
            0x7a, 2, 9, 9,  // 15: bytes
            0x7b, 0x7b, 0x7c, 0x08, 1, 0x7c,  // 15: a group in a group
            0x7d, 1, 2, 3, 4,  // 15: 32 bits
            0x08, 5,  // 1, service, as a varint: another type than ours
        ]
        let request = RequestEnvelope(service: "s", method: "m", payload: [3])
        #expect(try RequestEnvelope(unknown + request.bytes + unknown) == request)
    }

    @Test(
        arguments: [
            [0x0a], [0x0a, 5, 1], [0x20], [0x20, 0x80], [0x07], [0x02, 0],
            [0x20] + [UInt8](repeating: 0xff, count: 10), [0x7c], [0x7b, 0x74], [0x79, 1],
            [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], [0x0a, 2, 0xc3, 0x28],
            [UInt8](repeating: 0x7b, count: 10_000),
        ] as [[UInt8]])
    func malformedIsRefused(bytes: [UInt8]) {
        #expect(throws: WireError.self) { try RequestEnvelope(bytes) }
    }

    @Test func randomBytesNeverTrap() {
        var random = SplitMix(seed: 2)
        for _ in 0..<10_000 {
            let bytes = random.bytes(upTo: 100)
            _ = try? RequestEnvelope(bytes)
            _ = try? ResponseEnvelope(bytes)
        }
    }
}
