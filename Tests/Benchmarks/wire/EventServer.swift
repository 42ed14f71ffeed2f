import EventLoop
import Foundation
import Glibc
import Wire

/// Serves Generate without an engine: `scenes` pictures of `steps` bytes each. And, for Go's
/// client, the same bytes as chunks of voken.interop.Extra/Repeat.
enum EventServer {
    static let `repeat` = Wire.Method("voken.interop.Extra", "Repeat", .serverStreaming)

    /// Serves until standard input ends.
    static func serve(_ path: String) throws {
        let loop = try Loop()
        try loop.sync { () throws(EventLoopError) in
            _ = try PipeListener(path: path, loop: loop) { connection, _ in
                EventSession(connection).start()
            }
        }
        FileHandle.standardOutput.write(Data("ready\n".utf8))
        while !FileHandle.standardInput.availableData.isEmpty {}
        loop.stopAndWait()
    }
}

/// One connection, and the one stream that runs on it.
private final class EventSession {
    private let connection: PipeConnection
    private var calls = ServerConnection(methods: [.generate, EventServer.repeat])
    private var stream: UInt32 = 0
    private var left = 0
    private var sent: UInt64 = 0
    private var isStory = false
    private var message: (UInt64) -> [UInt8] = { _ in [] }

    init(_ connection: PipeConnection) { self.connection = connection }

    func start() {
        connection.onRead = { [self] bytes in
            calls.receive(bytes)
            while let event = calls.nextEvent() {
                if case .call(let call) = event { begin(call) }
            }
            send()
        }
        connection.onDrain = { [self] in send() }
        connection.start()
    }

    private func begin(_ call: Call) {
        stream = call.stream
        sent = 0
        isStory = call.method == Wire.Method.generate.name
        if call.method == EventServer.repeat.name {
            let (count, size) = Chunk.wanted(call.payload)
            left = count
            let data = [UInt8](repeating: 0, count: size)
            message = { _ in Chunk.bytes(data) }
        } else if let request = try? GenerateRequest(call.payload) {
            left = request.scenes ?? 0
            let image = Event.ImageDone(
                index: 1, width: 1, height: 1,
                png: [UInt8](repeating: 0, count: request.steps ?? 0), sha256: "", recipe: [])
            message = { seq in
                Event(seq: seq, job: "j", generation: 1, kind: .imageDone(image)).bytes
            }
        }
    }

    private func send() {
        guard left > 0 else { return connection.write(calls.drainOutput()) }
        while left > 0, !connection.isBackedUp {
            left -= 1
            sent += 1
            calls.send(message(sent), on: stream)
            if left == 0 {
                if isStory { calls.send(lastEvent, on: stream) }
                calls.finish(stream)
            }
            connection.write(calls.drainOutput())
        }
    }

    private var lastEvent: [UInt8] {
        Event(
            seq: sent + 1, job: "j", generation: 1,
            kind: .finished(Event.Finished(scenes: 1, images: 1, tokens: 1, milliseconds: 1))
        ).bytes
    }
}

/// The messages of voken.interop.Extra, by hand: they are no part of the product.
private enum Chunk {
    /// A RepeatRequest's count and size.
    static func wanted(_ bytes: [UInt8]) -> (count: Int, size: Int) {
        var values = [0, 0, 0]
        var position = 0
        func varint() -> Int {
            var value = 0
            var shift = 0
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                value |= Int(byte & 0x7f) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        while position < bytes.count {
            let number = varint() >> 3
            values[min(number, 2)] = varint()
        }
        return (values[1], values[2])
    }

    /// A Chunk.
    static func bytes(_ data: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [1 << 3 | 2]
        bytes.reserveCapacity(data.count + 8)
        var count = data.count
        while count >= 0x80 {
            bytes.append(UInt8(count & 0x7f) | 0x80)
            count >>= 7
        }
        bytes.append(UInt8(count))
        return bytes + data
    }
}
