internal import CProtobufC
internal import Glibc

/// How much longer than its bytes a list of small messages may be in memory: an event of twenty
/// bytes takes two hundred.
let listGrowth = 16

/// Unpacks a message, lends it to `body`, and frees it.
///
/// - Parameters:
///   - unpack: the generated `…__unpack`.
///   - growth: how many times its bytes the message may take in memory.
func unpacking<CMessage, Value>(
    _ bytes: [UInt8],
    with unpack: (
        UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?
    ) -> UnsafeMutablePointer<CMessage>?,
    growth: Int = 1,
    _ body: (CMessage) throws(WireError) -> Value
) throws(WireError) -> Value {
    // Two bytes can demand a structure of seventy: the budget keeps 4 MiB from becoming 150, and
    // whoever tries from costing more than reading them.
    let budget = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    unsafe budget.initialize(to: growth * bytes.count + 256 << 10)
    defer { unsafe budget.deallocate() }
    var allocator = unsafe ProtobufCAllocator(
        alloc: { budget, count in
            guard let budget = unsafe budget?.assumingMemoryBound(to: Int.self),
                unsafe count <= budget.pointee
            else { return nil }
            unsafe budget.pointee -= count
            return unsafe malloc(count)
        },
        free: { _, memory in unsafe free(memory) },
        allocator_data: budget)
    let message = unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe unpack(&allocator, bytes.count, bytes.baseAddress)
    }
    guard let message = unsafe message else {
        throw WireError(.malformed, "not a message of the expected type, or it is too complex")
    }
    defer {
        unsafe protobuf_c_message_free_unpacked(
            UnsafeMutableRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self),
            &allocator)
    }
    return try body(unsafe message.pointee)
}

/// Packs a message that `fill` sets, with memory of the arena for what it points to.
///
/// - Parameter initialise: the generated `…__init`.
func packing<CMessage>(
    _ initialise: (UnsafeMutablePointer<CMessage>?) -> Void,
    _ fill: (inout CMessage, inout Arena) -> Void
) -> [UInt8] {
    var arena = Arena()
    let message = unsafe arena.message(initialise, fill)
    let base = unsafe UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
    let count = unsafe protobuf_c_message_get_packed_size(base)
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
        initialized = unsafe bytes.baseAddress.map { unsafe protobuf_c_message_pack(base, $0) } ?? 0
    }
}
