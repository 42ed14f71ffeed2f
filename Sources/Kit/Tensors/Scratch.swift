import Glibc

/// Memory for the intermediate results of a kernel, kept by each thread from call to call.
///
/// A kernel asks for a bounded amount, at most a few megabytes, whatever the shapes are. The
/// memory outlives the call, so it is charged to no account.
enum Scratch {
    private final class Block {
        var storage = Storage(count: 0, charging: nil, for: .thread)
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = unsafe pthread_key_create(
            &key,
            { block in
                guard let block = unsafe block else { return }
                unsafe Unmanaged<Block>.fromOpaque(block).release()
            })
        precondition(status == 0, "no thread-local storage left")
        return key
    }()

    /// Calls `body` with room for `count` floats, uninitialised, valid while it runs. Not to be
    /// nested: a thread has one such room.
    static func withFloats<Result>(
        _ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Result
    ) -> Result {
        let block: Block
        if let existing = unsafe pthread_getspecific(key) {
            block = unsafe Unmanaged<Block>.fromOpaque(existing).takeUnretainedValue()
        } else {
            block = Block()
            unsafe pthread_setspecific(key, Unmanaged.passRetained(block).toOpaque())
        }
        if block.storage.count < count {
            block.storage = Storage(count: count, charging: nil, for: .thread)
        }
        let storage = block.storage
        defer { extendLifetime(storage) }
        return unsafe body(storage.elements)
    }
}
