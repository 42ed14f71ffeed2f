/// Reads protobuf's encoding field by field (protobuf.dev/programming-guides/encoding).
///
/// Only for the envelope, whose messages are simple and whose payload should not be copied twice,
/// and for what `Protos/` does not define; everything else goes through protobuf-c.
struct FieldReader {
    enum Value {
        case varint(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// Of a wire type that no field has that is read so.
        case other
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// The next field, or `nil` at the end.
    mutating func next() throws(WireError) -> (number: UInt64, value: Value)? {
        guard position < bytes.endIndex else { return nil }
        let key = try varint()
        let number = key >> 3
        guard number > 0, number < 1 << 29 else { throw malformed("field number \(number)") }
        switch key & 7 {
        case 0: return (number, .varint(try varint()))
        case 1:
            _ = try take(8)
            return (number, .other)
        case 2: return (number, .bytes(try take(try varint())))
        case 3:
            try skipGroup(number)
            return (number, .other)
        case 5:
            _ = try take(4)
            return (number, .other)
        case let type: throw malformed("wire type \(type)")
        }
    }

    private mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < bytes.endIndex else { throw malformed("a truncated varint") }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift  // of a tenth byte, all but one bit is lost
            if byte < 0x80 { return value }
        }
        throw malformed("a varint over ten bytes")
    }

    private mutating func take(_ count: UInt64) throws(WireError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.endIndex - position) else {
            throw malformed("a field of \(count) bytes, \(bytes.endIndex - position) left")
        }
        defer { position += Int(count) }
        return bytes[position..<(position + Int(count))]
    }

    /// Groups are obsolete but legal; they nest, so the open ones are counted, not recursed into.
    private mutating func skipGroup(_ number: UInt64) throws(WireError) {
        var open = [number]
        while let innermost = open.last {
            let key = try varint()
            switch key & 7 {
            case 0: _ = try varint()
            case 1: _ = try take(8)
            case 2: _ = try take(try varint())
            case 3:
                guard open.count < 100 else { throw malformed("groups nested over 100 deep") }
                open.append(key >> 3)
            case 4:
                guard key >> 3 == innermost else { throw malformed("an unmatched end of group") }
                open.removeLast()
            case 5: _ = try take(4)
            case let type: throw malformed("wire type \(type)")
            }
        }
    }

    private func malformed(_ what: String) -> WireError {
        WireError(.malformed, "not a protobuf message: \(what)")
    }
}

/// Strict UTF-8, as proto3 demands of strings.
func validText(_ bytes: ArraySlice<UInt8>, _ field: String, limit: Int) throws(WireError) -> String
{
    guard bytes.count <= limit else {
        throw WireError(.tooLarge, "\(field) has \(bytes.count) bytes, at most \(limit) are taken")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw WireError(.malformed, "\(field) is not UTF-8")
    }
    return text
}
