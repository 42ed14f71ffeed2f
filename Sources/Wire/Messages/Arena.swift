internal import CProtobufC
internal import Glibc

/// C memory that lives until a message is packed.
@safe struct Arena: ~Copyable {
    private var blocks: [UnsafeMutableRawPointer] = unsafe []

    deinit {
        unsafe blocks.forEach { unsafe $0.deallocate() }
    }

    private mutating func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
        let memory = UnsafeMutablePointer<T>.allocate(capacity: max(count, 1))
        unsafe blocks.append(UnsafeMutableRawPointer(memory))
        return unsafe memory
    }

    /// U+0000 would end the text for C; U+FFFD takes its place.
    mutating func string(_ text: String) -> UnsafeMutablePointer<CChar> {
        let utf8 = text.utf8.contains(0) ? text.replacing("\0", with: "\u{FFFD}").utf8 : text.utf8
        let memory = unsafe allocate(CChar.self, count: utf8.count + 1)
        var count = 0
        for byte in utf8 {
            unsafe memory[count] = CChar(bitPattern: byte)
            count += 1
        }
        unsafe memory[count] = 0
        return unsafe memory
    }

    mutating func bytes(_ bytes: [UInt8]) -> ProtobufCBinaryData {
        let memory = unsafe allocate(UInt8.self, count: bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let first = source.baseAddress else { return }
            unsafe memory.initialize(from: first, count: source.count)
        }
        return unsafe ProtobufCBinaryData(len: bytes.count, data: memory)
    }

    mutating func message<CMessage>(
        _ initialise: (UnsafeMutablePointer<CMessage>?) -> Void,
        _ fill: (inout CMessage, inout Arena) -> Void
    ) -> UnsafeMutablePointer<CMessage> {
        let message = unsafe allocate(CMessage.self, count: 1)
        unsafe initialise(message)
        unsafe fill(&message.pointee, &self)
        return unsafe message
    }

    /// A `repeated` field; its count is for the caller to set.
    mutating func list<Value, Element>(
        _ values: [Value], _ convert: (Value, inout Arena) -> Element
    ) -> UnsafeMutablePointer<Element> {
        let list = unsafe allocate(Element.self, count: values.count)
        for (index, value) in values.enumerated() {
            unsafe (list + index).initialize(to: convert(value, &self))
        }
        return unsafe list
    }
}

/// The longest texts that are taken, in bytes, where several messages agree.
enum TextLimit {
    static let name = 1024
    /// Of a job or a session.
    static let id = 256
    static let path = 4096
    /// Of a JSON object of options.
    static let options = 64 << 10
    /// Of what people read.
    static let message = 64 << 10
    /// Of a pipeline file, or of a value in it.
    static let file = 1 << 20
}

/// What a C string says, checked.
func validText(
    _ string: UnsafePointer<CChar>?, _ field: String, limit: Int
) throws(WireError) -> String {
    guard let string = unsafe string else { return "" }
    let count = unsafe strnlen(string, limit + 1)
    guard count <= limit else {
        throw WireError(.tooLarge, "\(field) is longer than the \(limit) bytes that are taken")
    }
    guard let text = unsafe String(validatingCString: string) else {
        throw WireError(.malformed, "\(field) is not UTF-8")
    }
    return text
}

/// The elements of a `repeated` field of messages.
func elements<M, Value>(
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<M>?>?, _ count: Int,
    _ convert: (M) throws(WireError) -> Value
) throws(WireError) -> [Value] {
    guard let list = unsafe list else { return [] }
    var values: [Value] = []
    values.reserveCapacity(count)
    for index in 0..<count {
        guard let element = unsafe list[index] else { continue }
        values.append(try convert(unsafe element.pointee))
    }
    return values
}

/// The elements of a `repeated` field of anything else.
func values<C, Value>(
    _ list: UnsafeMutablePointer<C>?, _ count: Int, _ convert: (C) -> Value
) -> [Value] {
    guard let list = unsafe list else { return [] }
    return (0..<count).map { convert(unsafe list[$0]) }
}

/// A field that is a message; `nil` if it is absent.
func part<C, Value>(
    _ message: UnsafeMutablePointer<C>?, _ convert: (C) throws(WireError) -> Value
) throws(WireError) -> Value? {
    guard let message = unsafe message else { return nil }
    return try convert(unsafe message.pointee)
}

extension [UInt8] {
    init(_ data: ProtobufCBinaryData) {
        unsafe self.init(UnsafeBufferPointer(start: data.data, count: data.len))
    }
}
