import Checkpoints
import Wire

/// A session in a file: its parts as `Export` streams them, each behind its length, a varint
/// (protobuf.dev/programming-guides/techniques, "Streaming Multiple Messages").
enum SessionFile {
    /// So large a file is read.
    private static let limit = 256 << 20

    static func write(_ parts: [SessionPart], to path: String) throws {
        do throws(CheckpointError) {
            var file = try AtomicFile(path: path)
            for part in parts {
                let bytes = part.bytes
                try file.append(varint(bytes.count))
                try file.append(bytes)
            }
            try file.finish()
        } catch {
            throw Failure.failed(error.description)
        }
    }

    static func read(_ path: String) throws -> [SessionPart] {
        var rest = try readFile(path, limit: limit)[...]
        var parts: [SessionPart] = []
        while !rest.isEmpty {
            guard let count = length(&rest), count <= rest.count else {
                throw Failure.failed("\(path) is not a session, or has been cut off")
            }
            do throws(WireError) {
                parts.append(try SessionPart(Array(rest.prefix(count))))
            } catch {
                throw Failure.failed("\(path) is not a session: \(error.message)")
            }
            rest = rest.dropFirst(count)
        }
        guard case .header? = parts.first else {
            throw Failure.failed("\(path) is not a session: it has no header")
        }
        return parts
    }

    private static func varint(_ value: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7f) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    /// At most five bytes: a part is no longer than a frame.
    private static func length(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= Int(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
