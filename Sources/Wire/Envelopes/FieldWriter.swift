/// Writes protobuf's encoding; absent and zero are the same, as in proto3.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ number: UInt64, _ value: UInt64) {
        guard value != 0 else { return }
        raw(number << 3)
        raw(value)
    }

    mutating func string(_ number: UInt64, _ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            guard !utf8.isEmpty else { return }
            raw(number << 3 | 2)
            raw(UInt64(utf8.count))
            unsafe bytes.append(contentsOf: utf8)
        }
    }

    mutating func bytes(_ number: UInt64, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        message(number, value)
    }

    /// A message that is there even if it is empty.
    mutating func message(_ number: UInt64, _ value: [UInt8]) {
        raw(number << 3 | 2)
        raw(UInt64(value.count))
        bytes += value
    }

    private mutating func raw(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
}
