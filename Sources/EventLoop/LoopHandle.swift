internal import CUV

/// A libuv handle, which lives from its initialisation until libuv's close callback.
///
/// libuv keeps a pointer to a handle, so its memory is allocated, not a Swift property; and from
/// ``adopt()`` until the close callback libuv's side owns one reference to this object. Everything
/// is called on the loop's thread.
@safe public class LoopHandle {
    public let loop: Loop
    private let memory: UnsafeMutableRawPointer
    public private(set) var isClosing = false

    init<Raw>(loop: Loop, _ type: Raw.Type) {
        loop.assertCurrent()
        self.loop = loop
        unsafe memory = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<Raw>.size, alignment: MemoryLayout<Raw>.alignment)
    }

    deinit { unsafe memory.deallocate() }

    final func raw<Raw>(_ type: Raw.Type) -> UnsafeMutablePointer<Raw> {
        unsafe memory.assumingMemoryBound(to: type)
    }

    /// To be called once libuv has initialised the handle.
    final func adopt() {
        unsafe uv_handle_set_data(
            raw(uv_handle_t.self), Unmanaged<LoopHandle>.passRetained(self).toOpaque())
    }

    /// The object behind a pointer that libuv hands to a callback.
    static func from(_ handle: UnsafeMutableRawPointer?) -> LoopHandle? {
        guard let handle = unsafe handle?.assumingMemoryBound(to: uv_handle_t.self),
            let data = unsafe uv_handle_get_data(handle)
        else { return nil }
        return unsafe Unmanaged<LoopHandle>.fromOpaque(data).takeUnretainedValue()
    }

    /// Stops and releases the handle; what it held is gone after the loop's next turn.
    public func close() {
        loop.assertCurrent()
        guard !isClosing else { return }
        isClosing = true
        unsafe uv_close(raw(uv_handle_t.self)) { handle in
            guard let handle = unsafe handle, let data = unsafe uv_handle_get_data(handle) else {
                return
            }
            unsafe Unmanaged<LoopHandle>.fromOpaque(data).takeRetainedValue().didClose()
        }
    }

    /// libuv has let go of the handle.
    func didClose() {}
}
